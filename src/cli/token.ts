import { Command, InvalidArgumentError } from 'commander'
import { roles, type DocumentRoles, type Role } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { loadConfig } from '../config.ts'
import { loadOrCreateSecret } from '../secret.ts'
import { issueToken } from '../server/guest-tokens.ts'

interface TokenOptions {
  readonly user: string
  readonly name?: string
  readonly email?: string
  readonly document: DocumentRoles
  readonly ttl: number
}

/** `codraft token`: prints one access token, signed with AUTH_JWT_SECRET or with the generated secret of the data folder. */
export const tokenCommand = (): Command =>
  new Command('token')
    .description('print an access token (JWT) for a user')
    .requiredOption('--user <id>', 'user id, the `sub` claim')
    .option('--name <name>', 'name that other users see')
    .option('--email <address>', 'e-mail address')
    .requiredOption(
      '--document <name=role>',
      `document and role (${roles.join(', ')}); a name that ends in * is a prefix; repeatable`,
      addDocument,
    )
    .option('--ttl <time>', 'lifetime: seconds, or a number with s, m, h or d', parseTtl, 3600)
    .action(async (options: TokenOptions, command: Command) => {
      try {
        console.log(await printableToken(options))
      } catch (error) {
        if (!(error instanceof CodraftError)) throw error
        command.error(`error: ${error.message}`, { exitCode: 1 })
      }
    })

const printableToken = async (options: TokenOptions): Promise<string> => {
  const config = loadConfig(process.env)
  if (config.jwksUrl) {
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      'AUTH_JWKS_URL is set, so access tokens come from your identity provider; `codraft token` has no key of it',
    )
  }
  const { token } = await issueToken({
    secret: config.jwtSecret ?? loadOrCreateSecret(config.dataDir),
    issuer: config.jwtIssuer,
    audience: config.jwtAudience,
    user: { id: options.user, name: options.name, email: options.email },
    documents: options.document,
    ttlSeconds: options.ttl,
  })
  return token
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

/** The role comes after the last `=`, because a document name may contain one. */
const addDocument = (text: string, documents: DocumentRoles = {}): DocumentRoles => {
  const end = text.lastIndexOf('=')
  const role = text.slice(end + 1)
  if (end < 1 || !isRole(role)) {
    throw new InvalidArgumentError(`Give a document name, "=" and a role: ${roles.join(', ')}.`)
  }
  return { ...documents, [text.slice(0, end)]: role }
}

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

const parseTtl = (text: string): number => {
  const [, count, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  const seconds = Number(count) * (secondsPerUnit[unit] ?? 1)
  if (!(seconds > 0)) throw new InvalidArgumentError('Give a number above 0 with s, m, h or d, such as 30m.')
  return seconds
}
