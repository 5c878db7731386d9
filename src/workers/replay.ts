import type { EventLog, SeekTarget, StoredMessage, TopicName } from '../../extensions/events/index.ts'
import { forgetHandled } from '../store/handled-events.ts'
import type { Store } from '../store/Store.ts'
import { groupOf, type AnyWorker } from './Worker.ts'

const dayMs = 86_400_000

/** Lets a worker go on from another place. What it has handled it does not handle again. */
export const replay = async (
  log: EventLog,
  worker: Pick<AnyWorker, 'name'>,
  topics: readonly TopicName[],
  to: SeekTarget,
): Promise<void> => {
  for (const topic of topics) await log.seek(groupOf(worker.name), topic, to)
}

/**
 * Lets a worker derive its rows anew from all events that the log has. Days of which the log has lost events stay as
 * they are. Resolves to the time from which on rows are derived anew, ms since the epoch; 0 = all of them.
 *
 * @throws {CodraftError} CODRAFT_GROUP_ACTIVE
 */
export const rebuild = async (
  log: EventLog,
  store: Store,
  worker: Extract<AnyWorker, { clear?: unknown }>,
): Promise<number> => {
  const firsts = await Promise.all(worker.topics.map((topic) => log.read(topic, 1)))
  const since = completeSince(firsts.flat())
  // First, because it is refused while the worker runs.
  await replay(log, worker, worker.topics, 'beginning')
  for (const db of store.all) {
    await db.transaction().execute(async (tx) => {
      await worker.clear?.(tx, since)
      await forgetHandled(tx, worker.name, since)
    })
  }
  return since
}

/** Beginning of the first day (UTC) of which all events are there, given the first message of each partition. */
export const completeSince = (firsts: readonly Pick<StoredMessage, 'offset' | 'time'>[]): number => {
  const trimmed = firsts.filter(({ offset }) => offset > 0).map(({ time }) => time)
  return trimmed.length === 0 ? 0 : Math.ceil(Math.max(...trimmed) / dayMs) * dayMs
}
