import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Identity, TokenVerifier } from '../../extensions/auth/index.ts'

const identities = new WeakMap<FastifyRequest, Identity>()

/** Requires of each request an access token: `Authorization: Bearer <JWT>` (RFC 6750, section 2.1). */
export const addAuthentication = (
  app: FastifyInstance,
  verify: TokenVerifier,
  onIdentity: (identity: Identity) => void,
): void => {
  app.addHook('onRequest', async (request, reply) => {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    reply.header('www-authenticate', 'Bearer')
    const identity = await verify(token)
    identities.set(request, identity)
    onIdentity(identity)
    reply.removeHeader('www-authenticate')
  })
}

/** Whose token the request has sent; undefined before it is verified. */
export const findIdentity = (request: FastifyRequest): Identity | undefined => identities.get(request)

/** Whose token the request has sent. */
export const identityOf = (request: FastifyRequest): Identity => {
  const identity = findIdentity(request)
  if (!identity) throw new Error('the route is not behind addAuthentication')
  return identity
}
