import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { headlineOf, linkOf, notificationTypes, type Notification } from '../notifications/wording.ts'
import { countUnread, listNotifications, markRead, type NotificationRow } from '../store/notifications.ts'
import { identityOf } from './authentication.ts'
import { commonProblems, isoTime, mapPage, pageQuery, pageSchema, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

const notificationSchema = z
  .object({
    id: z.string(),
    type: z.enum(notificationTypes),
    document: z.string(),
    text: z.string().describe('What has happened, in a sentence without its full stop.'),
    url: z.string().describe('Where it leads.'),
    at: timeSchema,
    read: z.boolean(),
  })
  .meta({ id: 'Notification' })

const view = (row: NotificationRow, publicUrl: string): z.infer<typeof notificationSchema> => {
  const event = JSON.parse(row.event) as Notification
  return {
    id: row.id,
    type: event.type,
    document: row.documentName,
    text: headlineOf(event),
    url: linkOf(event, publicUrl),
    at: isoTime(row.at),
    read: row.readAt !== null,
  }
}

const unreadSchema = z.int().nonnegative().describe('How many are unread, on all pages.')

const heartbeatMs = 25_000

/** `/api/notifications` and `/api/events` */
export const notificationRoutes = (
  api: FastifyInstance,
  { store, notificationFeed, publicUrl }: RestServices,
): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['notifications']

  app.get(
    '/api/notifications',
    {
      schema: {
        tags,
        summary: 'Notifications of the caller, the newest first',
        description: 'They are kept for 90 days.',
        querystring: pageQuery,
        response: {
          200: pageSchema(notificationSchema).extend({ unread: unreadSchema }),
          ...commonProblems,
        },
      },
    },
    async (request) => {
      const { userId } = identityOf(request)
      const db = store.ofUser(userId)
      const page = await listNotifications(db, userId, request.query)
      return { ...mapPage(page, (row) => view(row, publicUrl())), unread: await countUnread(db, userId) }
    },
  )

  app.post(
    '/api/notifications/read',
    {
      schema: {
        tags,
        summary: 'Mark notifications of the caller as read',
        body: z.object({
          ids: z.array(z.string().max(1_000)).min(1).max(200).optional().describe('Without it: all of them.'),
        }),
        response: { 200: z.object({ unread: unreadSchema }), ...commonProblems },
      },
    },
    async (request) => {
      const { userId } = identityOf(request)
      const db = store.ofUser(userId)
      await markRead(db, userId, request.body.ids, Date.now())
      return { unread: await countUnread(db, userId) }
    },
  )

  app.get(
    '/api/events',
    {
      schema: {
        tags,
        summary: 'Follow the notifications of the caller, as server-sent events',
        description:
          'First an event `unread` with the number of unread ones; then `notification` with each new one, on whichever instance it came up, and `unread` again. Ends when the token expires.',
        response: {
          200: {
            description: 'A stream that goes on.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          ...commonProblems,
        },
      },
    },
    async (request, reply) => {
      const { userId, expiresAt } = identityOf(request)
      const db = store.ofUser(userId)
      const unread = await countUnread(db, userId)
      reply.hijack()
      const { raw } = reply
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-content-type-options': 'nosniff',
      })
      const send = (event: string, data: unknown): void => {
        raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      }
      send('unread', { unread })
      const sendUnread = async (): Promise<void> => {
        try {
          send('unread', { unread: await countUnread(db, userId) })
        } catch (err) {
          request.log.debug({ err }, 'unread notifications cannot be counted')
        }
      }
      const stopListening = notificationFeed.listen(userId, (row) => {
        send('notification', view(row, publicUrl()))
        void sendUnread()
      })
      const heartbeat = setInterval(() => raw.write(': \n\n'), heartbeatMs).unref()
      const remainingMs = Math.min((expiresAt ?? Infinity) - Date.now(), 2 ** 31 - 1)
      const expiry = setTimeout(() => raw.end(), Math.max(0, remainingMs)).unref()
      raw.on('close', () => {
        stopListening()
        clearInterval(heartbeat)
        clearTimeout(expiry)
      })
    },
  )
}
