import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import { CodraftError } from '../../extensions/errors.ts'
import { addAuthentication, identityOf } from './authentication.ts'
import { analyticsRoutes } from './analytics.ts'
import { auditRoutes } from './audit.ts'
import { contentRoutes } from './document-content.ts'
import { documentRoutes } from './documents.ts'
import { downloadRoutes } from './downloads.ts'
import { editRoutes } from './edits.ts'
import { exportRoutes } from './exports.ts'
import { grantRoutes } from './grants.ts'
import { mailboxRoutes } from './mailbox.ts'
import { notificationPreferenceRoutes } from './notification-preferences.ts'
import { notificationRoutes } from './notifications.ts'
import { presenceRoutes } from './presence.ts'
import { pushRoutes } from './push.ts'
import { shareRoutes } from './shares.ts'
import { unsubscribeRoutes } from './unsubscribe.ts'
import { statusRoutes } from './status.ts'
import { addRequestLog } from './request-log.ts'
import { addTracing } from './tracing.ts'
import { userRoutes } from './users.ts'
import { versionRoutes } from './versions.ts'
import type { RestServices } from './services.ts'

const description = `Documents from a back end. Every request carries \`Authorization: Bearer <JWT>\`, the token that sockets use too.
Document names are percent-encoded in paths (\`encodeURIComponent\`), slashes included.
A write is answered when it is durable. Errors are problem documents (RFC 9457) whose \`code\` stands in the reference of errors.`

/** In the order in which the page shows them. */
const tags = [
  'documents',
  'content',
  'history',
  'sharing',
  'presence',
  'exports',
  'notifications',
  'audit',
  'analytics',
  'users',
  'operation',
]

const resources = [
  documentRoutes,
  contentRoutes,
  editRoutes,
  versionRoutes,
  exportRoutes,
  shareRoutes,
  grantRoutes,
  presenceRoutes,
  auditRoutes,
  analyticsRoutes,
  userRoutes,
  notificationRoutes,
  notificationPreferenceRoutes,
  pushRoutes,
  mailboxRoutes,
  statusRoutes,
]

/** All of `/api`: routes, their OpenAPI description at `/api/openapi.json` and the page of it at `/api/docs`. */
export const addRest = async (app: FastifyInstance, services: RestServices): Promise<void> => {
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'codraft',
        version: services.version,
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
      security: [{ token: [] }],
      tags: tags.map((name) => ({ name })),
    },
    hideUntagged: true,
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  app.get('/api/openapi.json', () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    uiConfig: { deepLinking: true, persistAuthorization: true },
    theme: {
      title: 'codraft: API',
      css: [{ filename: 'codraft.css', content: '.swagger-ui .topbar { display: none }' }],
    },
  })
  const { maxRequestsPerMinute: max } = services.limits
  const limit = {
    hook: 'preValidation',
    max,
    timeWindow: 60_000,
    errorResponseBuilder: tooManyRequests,
  } as const
  await app.register(async (links) => {
    await links.register(rateLimit, limit)
    if (services.downloads) downloadRoutes(links, services.downloads)
    unsubscribeRoutes(links, services)
  })
  await app.register(async (api) => {
    addTracing(api)
    addRequestLog(api, services.logger)
    addAuthentication(api, services.verify, services.onIdentity)
    await api.register(rateLimit, { ...limit, keyGenerator: (request) => identityOf(request).userId })
    for (const addRoutes of resources) addRoutes(api, services)
  })
}

const tooManyRequests = (): CodraftError => new CodraftError('CODRAFT_RATE_LIMITED')
