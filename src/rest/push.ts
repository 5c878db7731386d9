import { createHash, ECDH } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  deletePushSubscription,
  deletePushSubscriptionOfOthers,
  putPushSubscription,
} from '../store/push-subscriptions.ts'
import { identityOf } from './authentication.ts'
import { commonProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

const authBytes = 16

const isPoint = (text: string): boolean => {
  try {
    ECDH.convertKey(text, 'prime256v1', 'base64url', 'base64url', 'uncompressed')
    return Buffer.from(text, 'base64url').length === 65
  } catch {
    return false
  }
}

const isSecret = (text: string): boolean =>
  /^[\w-]+={0,2}$/.test(text) && Buffer.from(text, 'base64url').length === authBytes

/** As `PushSubscription.toJSON()` gives it; what else it holds is left out. */
const subscriptionSchema = z
  .object({
    endpoint: z
      .url({ protocol: /^https$/ })
      .max(2_000)
      .describe('Address that the push service of the browser has given.'),
    keys: z.object({
      p256dh: z.string().refine(isPoint, 'must be a point of P-256, uncompressed, in base64url'),
      auth: z.string().refine(isSecret, `must be ${authBytes} bytes in base64url`),
    }),
  })
  .meta({ id: 'PushSubscription' })

const idSchema = z.string().describe('SHA-256 of the endpoint, in base64url.')

/** `/api/push` */
export const pushRoutes = (api: FastifyInstance, { store, pushKey }: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['notifications']

  app.get(
    '/api/push/key',
    {
      schema: {
        tags,
        summary: 'The key that a browser subscribes with',
        description: '`applicationServerKey` of `PushManager.subscribe()`.',
        response: {
          200: z.object({ key: z.string().describe('P-256, uncompressed, in base64url.') }),
          ...commonProblems,
        },
      },
    },
    () => ({ key: pushKey }),
  )

  app.post(
    '/api/push/subscriptions',
    {
      schema: {
        tags,
        summary: 'Notify the caller on this device',
        description:
          'Takes what `PushManager.subscribe()` gives; may be repeated. A device that another user has subscribed before is theirs no longer. Of one user the last 20 devices are kept.',
        body: subscriptionSchema,
        response: { 201: z.object({ id: idSchema }), ...commonProblems },
      },
    },
    async (request, reply) => {
      const { userId } = identityOf(request)
      const { endpoint, keys } = request.body
      const id = createHash('sha256').update(endpoint).digest('base64url')
      for (const db of store.all) await deletePushSubscriptionOfOthers(db, userId, id)
      const subscription = { userId, id, endpoint, ...keys, serverKey: pushKey, at: Date.now() }
      await putPushSubscription(store.ofUser(userId), subscription)
      return reply.code(201).send({ id })
    },
  )

  app.delete(
    '/api/push/subscriptions/:id',
    {
      schema: {
        tags,
        summary: 'Do not notify the caller on this device any more',
        params: z.object({ id: idSchema }),
        response: { 204: z.null(), ...commonProblems },
      },
    },
    async (request, reply) => {
      const { userId } = identityOf(request)
      await deletePushSubscription(store.ofUser(userId), userId, request.params.id)
      return reply.code(204).send(null)
    },
  )
}
