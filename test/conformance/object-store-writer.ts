/**
 * Child process of the object store suite. Arguments: URL of a module that exports `open(options)`, the options as
 * JSON, and what to do: `count <key> <writers> <increments>` or `overwrite <key> <bytes>`.
 */
import type { ObjectStore } from '../../extensions/snapshots/index.ts'
import { increment, uniformBody } from './object-store-counter.ts'

const [moduleUrl = '', options = '', action, key = '', ...numbers] = process.argv.slice(2)
const driver = (await import(moduleUrl)) as { open(options: unknown): Promise<ObjectStore> }
const store = await driver.open(JSON.parse(options))

if (action === 'count') {
  const [writers = 0, increments = 0] = numbers.map(Number)
  const lost = await Promise.all(Array.from({ length: writers }, () => increment(store, key, increments)))
  process.stdout.write(`${lost.reduce((sum, count) => sum + count, 0)}\n`)
} else {
  process.stdout.write('writing\n')
  for (let i = 0; ; i++) {
    const current = await store.get(key)
    await store.put(key, uniformBody(i, Number(numbers[0])), current && { tag: current.tag })
  }
}
