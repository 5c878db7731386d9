import { z } from 'zod'

// The status page takes its types from here, so this file imports nothing of the server.
const time = z.iso.datetime().describe('UTC, ISO 8601.')

const connections = z.object({ open: z.int(), limit: z.int(), unsentBytes: z.int() })

const documents = z.object({
  open: z.int(),
  busiest: z
    .array(z.object({ name: z.string(), connections: z.int() }))
    .describe('Open documents with the most connections to this instance.'),
})

/** What an instance tells the others of itself. */
export const instanceSummarySchema = z.object({
  version: z.string(),
  startedAt: time,
  health: z.enum(['ready', 'degraded', 'unavailable']),
  connections,
  documents,
})

export type InstanceSummaryView = z.infer<typeof instanceSummarySchema>

const fleet = z
  .array(
    z.object({
      instance: z.string(),
      state: z
        .enum(['ready', 'degraded', 'unavailable', 'gone', 'unknown'])
        .describe(
          '`gone`: it has died, and is listed for five minutes. `unknown`: Redis cannot be reached, so nobody can say.',
        ),
      seenAt: time.describe('When it last told.'),
      summary: instanceSummarySchema
        .optional()
        .describe('As it was at `seenAt`; absent where its version tells other things.'),
    }),
  )
  .describe('All instances, where there is Redis.')

export const statusSchema = z
  .object({
    version: z.string(),
    node: z.string(),
    startedAt: time,
    instance: z.string().optional().describe('Name of the instance that answers, where there are several.'),
    instances: z.int().describe('Instances that live.'),
    health: z.object({
      state: z.string(),
      durability: z.string(),
      dependencies: z.record(z.string(), z.looseObject({ state: z.string() })),
    }),
    connections,
    documents,
    fleet: fleet.optional(),
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
          createdAt: time,
        }),
      )
      .describe('The newest.'),
    problems: z
      .array(z.object({ time: time, level: z.string(), message: z.string(), count: z.int() }))
      .describe('Warnings and errors of the log of this instance, the newest first.'),
  })
  .meta({ id: 'Status' })

export type Status = z.infer<typeof statusSchema>

export const deadLetterSchema = z
  .object({
    id: z.string(),
    topic: z.string(),
    type: z.string().optional(),
    group: z.string(),
    cause: z.string(),
    attempts: z.int(),
    at: time,
  })
  .meta({ id: 'DeadLetter' })

export type DeadLetterView = z.infer<typeof deadLetterSchema>
