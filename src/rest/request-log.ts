import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from '../logger.ts'
import { findIdentity } from './authentication.ts'

/** What a line may say of a request: not its address, which may hold what only its sender should know. */
export const aboutRequest = (request: FastifyRequest) => {
  const { method, routeOptions, params } = request
  return {
    method,
    route: routeOptions.url,
    document: (params as { name?: string } | undefined)?.name,
    userId: findIdentity(request)?.userId,
  }
}

/** Logs each request at the level `debug` when it is answered. */
export const addRequestLog = (app: FastifyInstance, logger: Logger): void => {
  app.addHook('onResponse', (request, { statusCode, elapsedTime }, done) => {
    if (logger.isLevelEnabled('debug')) {
      const details = { ...aboutRequest(request), status: statusCode, durationMs: Math.round(elapsedTime) }
      logger.debug(details, 'request answered')
    }
    done()
  })
}
