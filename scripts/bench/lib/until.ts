import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until `done()`; false when `timeoutMs` have passed before. */
export const until = async (done: () => boolean, timeoutMs = 10_000, stepMs = 20): Promise<boolean> => {
  const end = performance.now() + timeoutMs
  while (!done()) {
    if (performance.now() > end) return false
    await sleep(stepMs)
  }
  return true
}
