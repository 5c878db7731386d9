import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import {
  recordResponse,
  releaseIdempotencyKey,
  reserveIdempotencyKey,
  type RecordedResponse,
} from '../store/idempotency.ts'
import { identityOf } from './authentication.ts'
import type { RestServices } from './services.ts'

/** Headers of requests that may be repeated (draft-ietf-httpapi-idempotency-key-header). */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional()
    .describe(
      'Made up by the client for one request: a repetition within a day gets the same answer and does nothing.',
    ),
})

const keptMs = 24 * 3_600_000
/** A request that takes longer has died with its instance. */
const runningMs = 60_000

export interface IdempotentWork {
  /**
   * Does what the request asks for. `opId` is the id under which its edit is journaled, so that a request which died
   * after its edit was durable is known to be done.
   */
  readonly work: (opId: string | undefined) => Promise<RecordedResponse>
  /** The answer to a request whose edit is durable already. */
  readonly repeated?: () => Promise<RecordedResponse>
}

/** Does the work of a request and answers; once only for its idempotency key. */
export const idempotently = async (
  { store, documents }: RestServices,
  request: FastifyRequest,
  reply: FastifyReply,
  documentName: string,
  { work, repeated }: IdempotentWork,
): Promise<FastifyReply> => {
  const key = request.headers['idempotency-key'] as string | undefined
  if (key === undefined) return send(reply, await work(undefined))
  const { userId } = identityOf(request)
  const db = store.of(documentName)
  const id = { userId, route: `${request.method} ${request.routeOptions.url} ${documentName}`, key }
  const reservation = await reserveIdempotencyKey(db, id, { now: Date.now(), ttlMs: runningMs })
  if (reservation === 'running') throw new CodraftError('CODRAFT_IDEMPOTENCY_KEY_BUSY')
  if (reservation !== 'first') return send(reply.header('idempotent-replayed', 'true'), reservation)

  const opId = `rest:${key}`
  let done: RecordedResponse
  try {
    const isDone = repeated !== undefined && (await documents.hasEdit(documentName, { userId, opId }))
    done = isDone ? await repeated() : await work(opId)
  } catch (error) {
    // What is not durable yet may become so: until then the key must not lead to a second edit.
    const isOpen = error instanceof CodraftError && error.errorCode === 'CODRAFT_JOURNAL_UNAVAILABLE'
    if (!isOpen) await releaseIdempotencyKey(db, id)
    throw error
  }
  await recordResponse(db, id, done, Date.now() + keptMs)
  return send(reply, done)
}

const send = (reply: FastifyReply, { status, response }: RecordedResponse): FastifyReply =>
  reply.code(status).send(response)
