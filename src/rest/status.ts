import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { identityOf } from './authentication.ts'
import { commonProblems, problem, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

export const statusSchema = z
  .object({
    version: z.string(),
    node: z.string(),
    startedAt: timeSchema,
    instance: z.string().optional().describe('Name of the instance that answers, where there are several.'),
    instances: z.int().describe('Instances that live.'),
    health: z.object({
      state: z.string(),
      durability: z.string(),
      dependencies: z.record(z.string(), z.looseObject({ state: z.string() })),
    }),
    connections: z.object({ open: z.int(), limit: z.int(), unsentBytes: z.int() }),
    documents: z.object({
      open: z.int(),
      busiest: z
        .array(z.object({ name: z.string(), connections: z.int() }))
        .describe('Open documents with the most connections to this instance.'),
    }),
    totals: z
      .object({ edits: z.int(), sent: z.int(), latency: z.array(z.tuple([z.string(), z.int()])) })
      .describe('Since the start; `latency` are the buckets of codraft_message_latency_seconds.'),
    events: z.object({
      lags: z.array(z.object({ group: z.string(), topic: z.string(), lag: z.int() })),
      outbox: z.int(),
      oldestUnpublishedMs: z.number(),
      deadLetters: z.int(),
    }),
    exports: z
      .array(
        z.object({
          document: z.string(),
          format: z.string(),
          state: z.string(),
          progress: z.int(),
          createdAt: timeSchema,
        }),
      )
      .describe('The newest.'),
    problems: z
      .array(z.object({ time: timeSchema, level: z.string(), message: z.string(), count: z.int() }))
      .describe('Warnings and errors of the log of this instance, the newest first.'),
  })
  .meta({ id: 'Status' })

export type Status = z.infer<typeof statusSchema>

const deadLetterSchema = z
  .object({
    id: z.string(),
    topic: z.string(),
    type: z.string().optional(),
    group: z.string(),
    cause: z.string(),
    attempts: z.int(),
    at: timeSchema,
  })
  .meta({ id: 'DeadLetter' })

export type DeadLetterView = z.infer<typeof deadLetterSchema>

/** `/api/status` and `/api/dead-letters`: for those who operate the server. */
export const statusRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['operation']
  const problems = { ...commonProblems, 403: problem('The caller is not in OPERATORS.') }

  const assertOperator = (request: FastifyRequest): void => {
    if (!services.isOperator(identityOf(request))) throw new CodraftError('CODRAFT_OPERATORS_ONLY')
  }

  app.get(
    '/api/status',
    {
      schema: {
        tags,
        summary: 'How the server is, for operators',
        response: { 200: statusSchema, ...problems },
      },
    },
    (request) => {
      assertOperator(request)
      return services.operation.status()
    },
  )

  app.get(
    '/api/dead-letters',
    {
      schema: {
        tags,
        summary: 'What workers could not handle, for operators',
        response: { 200: z.object({ items: z.array(deadLetterSchema) }), ...problems },
      },
    },
    async (request) => {
      assertOperator(request)
      return { items: await services.operation.deadLetters() }
    },
  )

  app.post(
    '/api/dead-letters/retry',
    {
      schema: {
        tags,
        summary: 'Gives dead letters to their worker again, for operators',
        body: z.object({ ids: z.array(z.string()).min(1).max(1_000) }),
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      assertOperator(request)
      await services.operation.retryDeadLetters(request.body.ids)
      return reply.code(204).send(null)
    },
  )
}
