import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { CodraftError } from '../errors.ts'
import { conformsTo } from './conforms.ts'
import { activeTraceparent } from '../tracing/index.ts'
import type { Message, TopicSpec } from './EventLog.ts'

const dayMs = 86_400_000
/** Messages are kept this long, at least. */
export const retentionMs = 7 * dayMs
/** A pasted picture is one update; base64 adds a third. */
const maxMessageBytes = 32 * 1024 * 1024

/** Topics by name: how many partitions, and what the key of a message is, within which order holds. */
export const topics = {
  'document-edits': { partitions: 10, key: 'document', holds: 'Every durable edit.' },
  notifications: { partitions: 5, key: 'user', holds: 'What a user should be told.' },
  exports: { partitions: 3, key: 'document', holds: 'Documents to be written as files.' },
  analytics: { partitions: 20, key: 'document', holds: 'How documents are used.' },
} as const

export type TopicName = keyof typeof topics
export type DeadLetterTopic = `${TopicName}-dlq`

export const topicNames = Object.keys(topics) as readonly TopicName[]

/** Where messages of `topic` go that cannot be handled. */
export const deadLetterTopic = (topic: string): string => `${topic}-dlq`

/** All topics as an event log makes them; a dead letter topic has one partition, so that its order is one. */
export const topicSpecs: readonly TopicSpec[] = topicNames.flatMap((name) => {
  const common = { replication: 3, retentionMs, maxMessageBytes }
  return [
    { name, partitions: topics[name].partitions, ...common },
    { name: deadLetterTopic(name), partitions: 1, ...common },
  ]
})

const user = z.object({ id: z.string(), name: z.string().optional() })
const count = z.int().nonnegative()

/**
 * Every type of event: its topic, when it is written, and its data. A change that breaks readers is a new `version`;
 * a new optional field is not.
 */
export const eventTypes = {
  'document.edited': {
    topic: 'document-edits',
    version: 1,
    when: 'When an edit is durable: one event for what the journal wrote at once.',
    data: z.object({
      update: z.base64().describe('Yjs update (V1) of all its edits, merged, in base64'),
      journal: z.string().describe('journal that `position` counts in'),
      position: z.int().positive().describe('place in the journal of the document'),
      edits: count.describe('number of updates merged'),
      inserted: count.describe('characters and embedded elements inserted'),
      deleted: count.describe('characters and elements deleted'),
      authors: z
        .array(z.object({ userId: z.string().optional(), edits: count, inserted: count, deleted: count }))
        .describe('the same by user; `userId` is absent for edits of the server'),
    }),
  },
  'document.shared': {
    topic: 'notifications',
    version: 1,
    when: 'When somebody is given a role on a document.',
    data: z.object({
      role: z.enum(['owner', 'editor', 'commenter', 'viewer']),
      by: user.describe('who shared it'),
      email: z.email().optional().describe('address of the invitation; absent when only the user is known'),
      title: z.string().optional().describe('title of the document'),
      message: z.string().max(2_000).optional().describe('what the inviting user wrote'),
      url: z.url().optional().describe('where it opens; default: PUBLIC_URL and the name'),
    }),
  },
  'user.mentioned': {
    topic: 'notifications',
    version: 1,
    when: 'When a document or a comment mentions a user.',
    data: z.object({
      by: user,
      title: z.string().optional(),
      place: z.enum(['document', 'comment']),
      email: z.email().optional(),
    }),
  },
  'export.ready': {
    topic: 'notifications',
    version: 1,
    when: 'When an export can be fetched, or has failed for good.',
    data: z.object({
      exportId: z.string(),
      format: z.string(),
      state: z.enum(['ready', 'failed']),
      code: z.string().optional().describe('why it has failed'),
      url: z.url().optional().describe('where it can be fetched until `expiresAt`'),
      expiresAt: z.int().optional().describe('ms since the epoch'),
      title: z.string().optional(),
      email: z.email().optional(),
    }),
  },
  'document.changed': {
    topic: 'notifications',
    version: 1,
    when: 'When somebody else edits a watched document after a pause.',
    data: z.object({
      by: user.optional(),
      title: z.string().optional(),
      email: z.email().optional(),
    }),
  },
  'digest.due': {
    topic: 'notifications',
    version: 1,
    when: 'When notifications of one person have been gathered for one mail.',
    data: z.object({
      email: z.email(),
      items: z
        .array(
          z.object({
            id: z.string(),
            type: z.string(),
            version: z.int().positive(),
            time: z.int().nonnegative(),
            documentName: z.string(),
            userId: z.string().optional(),
            data: z.record(z.string(), z.json()),
          }),
        )
        .min(1)
        .describe('the events, the oldest first'),
      more: count.describe('how many were left out'),
    }),
  },
  'export.requested': {
    topic: 'exports',
    version: 1,
    when: 'When a user asks for a document as a file.',
    data: z.object({
      exportId: z.string(),
      format: z.string(),
      options: z.record(z.string(), z.json()).optional(),
    }),
  },
  'document.opened': {
    topic: 'analytics',
    version: 1,
    when: 'When a connection opens a document.',
    data: z.object({ sessionId: z.string().describe('the connection on this document') }),
  },
  'document.closed': {
    topic: 'analytics',
    version: 1,
    when: 'When a connection leaves a document.',
    data: z.object({ sessionId: z.string(), durationMs: count }),
  },
} as const satisfies Record<string, { topic: TopicName; version: number; when: string; data: z.ZodType }>

export type EventType = keyof typeof eventTypes
export type EventData<T extends EventType> = z.output<(typeof eventTypes)[T]['data']>

/** The envelope of an event. */
export interface CodraftEvent<T extends EventType = EventType> {
  /** Unique; the same when an event is published again, so consumers recognise a repetition by it. */
  readonly id: string
  readonly type: T
  readonly version: number
  /** When it happened, ms since the epoch. */
  readonly time: number
  readonly documentName: string
  /** Who did it; in `notifications` who is to be told. */
  readonly userId?: string | undefined
  readonly data: EventData<T>
  /** W3C Trace Context of the request that caused it. */
  readonly traceparent?: string | undefined
}

/** A union over the types, so that `event.type` narrows `event.data`. */
export type AnyEvent = { [T in EventType]: CodraftEvent<T> }[EventType]

/** The same of some topics. */
export type EventOn<Topic extends TopicName> = {
  [T in EventType]: (typeof eventTypes)[T]['topic'] extends Topic ? CodraftEvent<T> : never
}[EventType]

const envelope = z.object({
  id: z.string().min(1),
  type: z.string(),
  version: z.int().positive(),
  time: z.int().nonnegative(),
  documentName: z.string().min(1),
  userId: z.string().optional(),
  data: z.unknown(),
  traceparent: z.string().optional(),
})

type NewEvent<T extends EventType> = Pick<
  CodraftEvent<T>,
  'documentName' | 'userId' | 'data' | 'traceparent'
> &
  Partial<Pick<CodraftEvent<T>, 'id' | 'time'>>

/** An event with the current version of its type; id, time and trace are random, now and the active one where none is given. */
export const newEvent = <T extends EventType>(type: T, event: NewEvent<T>): CodraftEvent<T> => {
  const traceparent = event.traceparent ?? activeTraceparent()
  return {
    id: event.id ?? randomUUID(),
    type,
    version: eventTypes[type].version,
    time: event.time ?? Date.now(),
    documentName: event.documentName,
    ...(event.userId !== undefined && { userId: event.userId }),
    data: event.data,
    ...(traceparent !== undefined && { traceparent }),
  }
}

export const topicOf = (type: EventType): TopicName => eventTypes[type].topic

/** Within one key events stay in order: the document, or the user to be told (an address where no user is known). */
export const keyOf = (event: CodraftEvent): string => {
  if (topics[topicOf(event.type)].key === 'document') return event.documentName
  const { email } = event.data as { email?: string }
  return event.userId ?? email ?? event.documentName
}

/**
 * The message that holds an event.
 *
 * @throws {CodraftError} CODRAFT_EVENT_INVALID, naming the field
 */
export const encodeEvent = (event: CodraftEvent): Message => {
  check(event)
  return { key: keyOf(event), value: JSON.stringify(event) }
}

/**
 * The event in a message.
 *
 * @throws {CodraftError} CODRAFT_EVENT_INVALID when it is no event, or not of a type and version of this catalogue
 */
export const decodeEvent = ({ value }: Pick<Message, 'value'>): AnyEvent => {
  let content: unknown
  try {
    content = JSON.parse(value)
  } catch {
    throw new CodraftError('CODRAFT_EVENT_INVALID', 'not JSON')
  }
  return check(content)
}

const wholeEvent = (type: EventType): z.ZodType => {
  const { version, data } = eventTypes[type]
  return envelope.extend({ type: z.literal(type), version: z.literal(version), data })
}

const quickChecks = new Map<string, (content: unknown) => boolean>()

/** Nearly every event: most of the time of a worker with little to do went into parsing what is right. */
const isEvent = (content: unknown): content is AnyEvent => {
  const type = (content as { type?: EventType } | null)?.type
  if (type === undefined || !Object.hasOwn(eventTypes, type)) return false
  let quickCheck = quickChecks.get(type)
  if (!quickCheck) quickChecks.set(type, (quickCheck = conformsTo(wholeEvent(type))))
  return quickCheck(content)
}

const check = (content: unknown): AnyEvent => {
  if (isEvent(content)) return content
  const parsed = envelope.safeParse(content)
  if (!parsed.success) throw invalid('envelope', parsed.error)
  const { type, version } = parsed.data
  if (!Object.hasOwn(eventTypes, type))
    throw new CodraftError('CODRAFT_EVENT_INVALID', `type ${type.slice(0, 60)} is unknown`)
  const known = eventTypes[type as EventType]
  if (version !== known.version) {
    throw new CodraftError('CODRAFT_EVENT_INVALID', `${type} of version ${version}, not ${known.version}`)
  }
  const data = known.data.safeParse(parsed.data.data)
  if (!data.success) throw invalid(type, data.error)
  return { ...parsed.data, data: data.data } as AnyEvent
}

/** Names the field and what is wrong with it, never its value. */
const invalid = (what: string, error: z.ZodError): CodraftError => {
  const [issue] = error.issues
  const field = issue?.path.join('.')
  return new CodraftError('CODRAFT_EVENT_INVALID', `${what}${field ? ` ${field}` : ''}: ${issue?.code}`)
}
