import type { Role } from '../../extensions/auth/index.ts'
import { issueToken } from '../../src/server/guest-tokens.ts'
import { testSecret } from './server.ts'

export interface TestTokenOptions {
  readonly name?: string
  readonly email?: string
  /** `null`: the token names no roles, so that those of the store count. */
  readonly documents?: Readonly<Record<string, Role>> | null
  readonly ttlSeconds?: number
  readonly secret?: string
}

/** An access token for the servers that tests start. Default: editor of all documents for an hour. */
export const testToken = async (userId: string, options: TestTokenOptions = {}): Promise<string> => {
  const {
    name = userId,
    email,
    documents = { '*': 'editor' },
    ttlSeconds = 3_600,
    secret = testSecret,
  } = options
  const { token } = await issueToken({
    secret,
    user: { id: userId, name, ...(email !== undefined && { email }) },
    documents: documents ?? undefined,
    ttlSeconds,
  })
  return token
}
