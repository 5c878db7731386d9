import type { FastifyInstance } from 'fastify'

/**
 * `GET /health/client`: the address that the server takes a client for, and whether X-Forwarded-For had a part in it.
 * `codraft doctor` asks it through the load balancer.
 */
export const addClientView = (app: FastifyInstance): void => {
  app.get('/health/client', ({ ip, ips = [], headers }) => {
    // With the peer first: further ones only when it is a trusted proxy.
    const isBelieved = ips.length > 1
    const forwarded =
      headers['x-forwarded-for'] === undefined ? 'absent' : isBelieved ? 'believed' : 'ignored'
    return { address: ip, forwarded }
  })
}
