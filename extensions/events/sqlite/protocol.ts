import type { ErrorCode } from '../../errors.ts'
import type {
  GroupLag,
  Message,
  PartitionLag,
  SeekTarget,
  StoredMessage,
  TopicReport,
  TopicSpec,
  TopicState,
} from '../EventLog.ts'

export interface ToPublish extends Message {
  readonly topic: string
}

/** A partition that a member holds, until another epoch. */
export interface Assignment {
  readonly topic: string
  readonly partition: number
  /** Offset of the next message. */
  readonly next: number
  /** Grows with each new holder and each seek; a position of an older epoch is not saved. */
  readonly epoch: number
}

export interface Membership {
  readonly group: string
  readonly member: string
  readonly topics: readonly string[]
  readonly from: 'beginning' | 'end'
  readonly leaseMs: number
  /** Partitions that are being handled, as `topic/partition`: they are kept until they are not. */
  readonly busy: readonly string[]
}

export interface Progress {
  readonly group: string
  readonly member: string
  readonly assignment: Assignment
  readonly next: number
}

/** Where the messages of one publication have gone, in their order. */
export interface Published {
  /** ms since the epoch. */
  readonly time: number
  readonly partitions: readonly number[]
  readonly offsets: readonly number[]
}

export interface FetchLimit {
  /** Of one partition. */
  readonly messages: number
  /** Partitions with messages; the rest is left for the next time. */
  readonly partitions: number
}

/** What the worker thread may be asked. */
export interface SqliteCalls {
  ensureTopics: (specs: readonly TopicSpec[]) => TopicReport[]
  describe: (topics: readonly string[]) => TopicState[]
  publish: (messages: readonly ToPublish[]) => Published
  /** Renews the leases of a member, takes what falls to it, gives back what does not. */
  beat: (membership: Membership) => Assignment[]
  leave: (group: string, member: string) => null
  /** The next messages of each assignment. */
  fetch: (assignments: readonly Assignment[], limit: FetchLimit) => StoredMessage[][]
  /** False when the partition is not this member's any more. */
  commit: (progress: Progress) => boolean
  lag: (group: string, topics: readonly string[]) => PartitionLag[]
  groupLags: (prefix: string, topics: readonly string[]) => GroupLag[]
  seek: (group: string, topic: string, to: SeekTarget) => null
  read: (topic: string, limit: number) => StoredMessage[]
  erase: (topic: string, key: string) => null
  close: () => null
}

export type CallName = keyof SqliteCalls

export interface Call {
  readonly id: number
  readonly name: CallName
  readonly args: readonly unknown[]
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'refusal'
      readonly id: number
      readonly error: string
      readonly errorCode: ErrorCode
    }
  /** The file cannot be used, and the worker ends. */
  | { readonly kind: 'unopened'; readonly error: string; readonly errorCode: ErrorCode }
  /** Another process has written to the file. */
  | { readonly kind: 'changed' }
