import { CodraftError, type ErrorCode } from '../../extensions/errors.ts'

/** This event can never be handled: it becomes a dead letter at once. */
export class PermanentFailure extends Error {
  override readonly name = 'PermanentFailure'
}

/** What the worker needs is away: it waits until that is back, however long it takes. */
export class DependencyDown extends Error {
  override readonly name = 'DependencyDown'
}

/** This event may succeed later, not before `afterMs`; such as Retry-After says. Counts as an attempt. */
export class TryLater extends Error {
  override readonly name = 'TryLater'
  readonly afterMs: number

  constructor(message: string, afterMs: number, options?: ErrorOptions) {
    super(message, options)
    this.afterMs = afterMs
  }
}

const downCodes: ReadonlySet<ErrorCode> = new Set([
  'CODRAFT_STORE_UNAVAILABLE',
  'CODRAFT_EVENTS_UNAVAILABLE',
  'CODRAFT_OBJECT_STORE_UNAVAILABLE',
  'CODRAFT_JOURNAL_UNAVAILABLE',
  'CODRAFT_REDIS_UNAVAILABLE',
])

/** What a failure means for the event. */
export const kindOf = (error: unknown): 'permanent' | 'down' | 'transient' => {
  if (error instanceof PermanentFailure) return 'permanent'
  if (error instanceof DependencyDown) return 'down'
  if (error instanceof CodraftError) {
    if (downCodes.has(error.errorCode)) return 'down'
    if (error.errorCode === 'CODRAFT_EVENT_INVALID') return 'permanent'
  }
  return 'transient'
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
