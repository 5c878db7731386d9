import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { countEditors, hoursKeptMs, listUsage, spanMs, type UsageRow } from '../store/analytics.ts'
import { requireRole } from './roles.ts'
import { documentParams, documentProblems, isoTime, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

const count = z.int()

const countsSchema = z.object({
  opens: count.describe('Connections that opened the document.'),
  sessions: count.describe('Connections that have left it.'),
  sessionMs: count.describe('How long these lasted, together, ms.'),
  edits: count,
  editors: count.describe('Users who edited; programs without a user are not counted.'),
  inserted: count.describe('Characters and embedded elements inserted.'),
  deleted: count.describe('Characters and elements deleted.'),
})

const rowSchema = countsSchema.extend({ from: timeSchema })

const analyticsSchema = z
  .object({
    total: countsSchema.describe('Of all `days`; a user who edited on several days is one of the `editors`.'),
    days: z.array(rowSchema).describe('Days (UTC) on which something happened, the oldest first.'),
    hours: z.array(rowSchema).describe('The same by hour, for the last seven days at most.'),
  })
  .meta({ id: 'DocumentAnalytics' })

const present = ({ startsAt, ...counts }: UsageRow) => ({ from: isoTime(startsAt), ...counts })

const sum = (rows: readonly UsageRow[], name: Exclude<keyof UsageRow, 'startsAt'>): number =>
  rows.reduce((total, row) => total + row[name], 0)

/** `/api/documents/:name/analytics` */
export const analyticsRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/api/documents/:name/analytics',
    {
      schema: {
        tags: ['analytics'],
        summary: 'How a document is used: opens, sessions, edits, editors, characters',
        description: 'What happened is counted a few seconds later, or when the workers are back.',
        params: documentParams,
        querystring: z.object({
          days: z.coerce.number().int().min(1).max(3_660).default(30).describe('Today and the days before.'),
        }),
        response: { 200: analyticsSchema, ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const db = services.store.forReading(name)
      const now = Date.now()
      const since = (Math.floor(now / spanMs.day) - request.query.days + 1) * spanMs.day
      const days = await listUsage(db, name, 'day', since)
      const hours = await listUsage(db, name, 'hour', Math.max(since, now - hoursKeptMs))
      return {
        total: {
          opens: sum(days, 'opens'),
          sessions: sum(days, 'sessions'),
          sessionMs: sum(days, 'sessionMs'),
          edits: sum(days, 'edits'),
          editors: await countEditors(db, name, since),
          inserted: sum(days, 'inserted'),
          deleted: sum(days, 'deleted'),
        },
        days: days.map(present),
        hours: hours.map(present),
      }
    },
  )
}
