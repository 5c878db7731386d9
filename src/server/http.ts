import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import type { Logger } from '../logger.ts'
import { packageFolder } from '../package-folder.ts'
import { addRest } from '../rest/app.ts'
import { codedError, problemMediaType, problemOf } from '../rest/problem.ts'
import { aboutRequest } from '../rest/request-log.ts'
import type { RestServices } from '../rest/services.ts'
import { isLoopback } from '../transport/Admission.ts'
import { jsonSchema } from '../transport/json/messages.ts'
import { addClientView } from './client-view.ts'
import { addDocsPages } from './docs-pages.ts'
import { addEventStream, type EventStreamOptions } from './event-stream.ts'
import { guestIdOf, issueToken } from './guest-tokens.ts'
import type { Health } from './health.ts'

export interface HttpOptions {
  /** The JSON protocol for clients that cannot open a WebSocket. Default: they have no way. */
  readonly events?: EventStreamOptions
  readonly logger: Logger
  readonly registry: Registry
  readonly health: () => Health
  readonly rest: RestServices
  /** Proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Signs guest tokens; undefined when the application issues tokens. */
  readonly guestTokens:
    | { readonly secret: string; readonly issuer?: string; readonly audience?: string }
    | undefined
}

const guestTokenSeconds = 3_600

/** A document name of 255 characters, each of three bytes, percent-encoded. */
const maxParamLength = 255 * 9

const webFolder = join(packageFolder, 'dist/web')

const contentSecurityPolicy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "frame-ancestors 'self'",
  "base-uri 'none'",
].join('; ')

/** The HTTP side: page, health, metrics, guest tokens. Errors are problem documents (RFC 9457). */
export const createHttp = async (options: HttpOptions): Promise<FastifyInstance> => {
  // Its own lines below warnings hold the addresses of requests, which may hold tokens.
  const level = options.logger.isLevelEnabled('warn') ? 'warn' : options.logger.level
  const loggerInstance: FastifyBaseLogger = options.logger.child({}, { level })
  const app = Fastify({
    loggerInstance,
    forceCloseConnections: true,
    routerOptions: { maxParamLength },
    trustProxy: options.trustedProxies.length > 0 && [...options.trustedProxies],
  })
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const coded = codedError(error)
    if (coded.status >= 500) options.logger.error({ err: error, ...aboutRequest(request) }, 'request failed')
    return reply.code(coded.status).type(problemMediaType).send(problemOf(coded))
  })
  app.setNotFoundHandler(() => {
    throw new CodraftError('CODRAFT_NOT_FOUND')
  })
  addPageHeaders(app)
  addOperations(app, options)
  addGuestTokens(app, options)
  if (options.events) addEventStream(app, options.events)
  await addRest(app, options.rest)
  addDocsPages(app)
  await addPage(app)
  return app
}

const addOperations = (app: FastifyInstance, { health, registry }: HttpOptions): void => {
  app.get('/health/live', () => ({ state: 'live' }))
  app.get('/health/ready', (_request, reply) => {
    const report = health()
    return reply.code(report.state === 'unavailable' ? 503 : 200).send(report)
  })
  addClientView(app)
  const schema = jsonSchema()
  app.get('/json-protocol.schema.json', () => schema)
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

const guestSchema = z.object({
  user: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[\w-]+$/, 'may hold letters, digits, _ and - only'),
  name: z.string().min(1).max(80),
  email: z.email().optional(),
})

const addGuestTokens = (app: FastifyInstance, { guestTokens }: HttpOptions): void => {
  app.post('/api/dev/token', async (request) => {
    if (!guestTokens || !isFromThisMachine(request)) throw new CodraftError('CODRAFT_GUEST_TOKENS_DISABLED')
    const parsed = guestSchema.safeParse(request.body)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new CodraftError(
        'CODRAFT_REQUEST_INVALID',
        `${issue?.path.join('.') || 'body'}: ${issue?.message}`,
      )
    }
    const { user, name, email } = parsed.data
    const id = guestIdOf(user)
    const { token, expiresAt } = await issueToken({
      ...guestTokens,
      user: { id, name, email },
      documents: { '*': 'editor' },
      ttlSeconds: guestTokenSeconds,
    })
    return { token, expiresAt: Math.floor(expiresAt / 1000), user: { id, name } }
  })
}

/** A page of another site, or a proxy that forwards strangers, must not fetch tokens through this machine's browser. */
const isFromThisMachine = ({ raw, headers }: FastifyRequest): boolean => {
  const { hostname } = new URL(`http://${headers.host ?? 'invalid'}`)
  const isLocalName = hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''))
  const isOwnPage = headers.origin === undefined || new URL(headers.origin).host === headers.host
  return (
    isLoopback(raw.socket.remoteAddress ?? '') &&
    isLocalName &&
    isOwnPage &&
    headers['x-forwarded-for'] === undefined
  )
}

const addPageHeaders = (app: FastifyInstance): void => {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    const isPage = String(reply.getHeader('content-type')).startsWith('text/html')
    if (isPage && !reply.hasHeader('content-security-policy'))
      reply.header('content-security-policy', contentSecurityPolicy)
  })
}

const addPage = async (app: FastifyInstance): Promise<void> => {
  if (!existsSync(join(webFolder, 'index.html'))) {
    app.get('/', () => ({ message: 'The page is not built: run `npm run web:build`.' }))
    return
  }
  await app.register(fastifyStatic, {
    root: webFolder,
    cacheControl: false,
    setHeaders(reply, path) {
      // Vite puts a hash into the names of assets.
      const isHashed = path.includes('/assets/')
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      reply.header('referrer-policy', 'same-origin')
    },
  })
  app.get('/status', (_request, reply) => reply.sendFile('status.html'))
}
