import type { ObjectStore } from '../../extensions/snapshots/index.ts'

/** Adds 1 to the number in `key`, `times` times, by compare-and-swap. Resolves to the number of swaps it lost. */
export const increment = async (store: ObjectStore, key: string, times: number): Promise<number> => {
  let lost = 0
  for (let done = 0; done < times;) {
    const current = await store.get(key)
    const next = Buffer.from(`${Number(Buffer.from(current?.body ?? []).toString()) + 1}`)
    if (await store.put(key, next, current ? { tag: current.tag } : 'absent')) done += 1
    else lost += 1
  }
  return lost
}

/** `length` equal bytes: one that differs shows a torn write. */
export const uniformBody = (seed: number, length: number): Uint8Array =>
  new Uint8Array(length).fill(seed % 251)
