import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { CodraftError } from '../../extensions/errors.ts'
import type { Transport } from '../transport/Transport.ts'

export interface EventStreamOptions {
  readonly transport: Pick<Transport, 'openEvents' | 'receive'>
  /** Largest body of a POST. */
  readonly maxMessageBytes: number
}

/** The JSON protocol without WebSockets: `GET /ws` answers with events, `POST /ws?connection=` takes messages. */
export const addEventStream = (
  app: FastifyInstance,
  { transport, maxMessageBytes }: EventStreamOptions,
): void => {
  app.get('/ws', (request, reply) => {
    if (!request.headers.accept?.includes('text/event-stream')) throw new CodraftError('CODRAFT_NOT_FOUND')
    allowOrigin(request, reply)
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value as string)
    transport.openEvents(request.raw, reply.raw)
    return reply.hijack()
  })
  app.post<{ Querystring: { connection?: string }; Body: unknown }>(
    '/ws',
    { bodyLimit: maxMessageBytes },
    async (request, reply) => {
      allowOrigin(request, reply)
      const { connection = '' } = request.query
      if (typeof request.body !== 'string') throw new CodraftError('CODRAFT_MEDIA_TYPE_UNSUPPORTED')
      await transport.receive(connection, request.body)
      return reply.code(204).send()
    },
  )
}

/** Pages of other origins read the answers; whether they may connect, the transport decides. */
const allowOrigin = ({ headers: { origin } }: FastifyRequest, reply: FastifyReply): void => {
  if (origin !== undefined) void reply.header('access-control-allow-origin', origin).header('vary', 'origin')
}
