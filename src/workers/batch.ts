import type { Batch, StoredMessage } from '../../extensions/events/index.ts'

/**
 * Handles the messages of a batch, up to `concurrency` keys at the same time, each key in order. What is handled
 * without a gap from the start is `done`. Resolves when all are handled; when one is given up, the others are awaited,
 * and it rejects.
 */
export const handleByKey = async (
  batch: Batch,
  concurrency: number,
  handle: (message: StoredMessage) => Promise<void>,
): Promise<void> => {
  const { messages, signal } = batch
  const lanes = [...Map.groupBy(messages, ({ key }) => key).values()]
  const handled = new Set<StoredMessage>()
  let next = 0
  const complete = (message: StoredMessage): void => {
    handled.add(message)
    let last: StoredMessage | undefined
    for (let candidate = messages[next]; candidate && handled.delete(candidate); candidate = messages[next]) {
      last = candidate
      next += 1
    }
    if (last) batch.done(last)
  }
  const runLanes = async (): Promise<void> => {
    for (let lane = lanes.shift(); lane; lane = lanes.shift()) {
      for (const message of lane) {
        signal.throwIfAborted()
        await handle(message)
        complete(message)
      }
    }
  }
  const results = await Promise.allSettled(
    Array.from({ length: Math.min(concurrency, lanes.length) }, () => runLanes()),
  )
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
