import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { serviceVariable } from '../helpers/services.ts'
import { textOf } from '../helpers/text.ts'

for (const [name, variable] of [
  ['Redis', 'CODRAFT_TEST_REDIS_URL'],
  ['Redis Cluster', 'CODRAFT_TEST_REDIS_CLUSTER'],
] as const) {
  describe(`two instances over ${name}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      const redisUrl = serviceVariable(variable)
      fleet = await startFleet({ redisUrls: [redisUrl, redisUrl], env: { COMPACT_AFTER_BYTES: '4096' } })
    })
    afterAll(() => fleet.close())

    it('show each other every edit and every cursor, whatever wire the client speaks', async () => {
      const [a, b] = fleet.instances
      await using ann = await connectHocuspocus(a!, 'doc', { user: 'ann' })
      await using bob = await connectYWebsocket(b!, 'doc', { user: 'bob' })
      await expect.poll(() => ann.isSaved).toBe(true)
      ann.text.insert(0, 'from a')
      await expect.poll(() => bob.text.toJSON()).toBe('from a')
      bob.text.insert(0, 'from b, ')
      await expect.poll(() => ann.text.toJSON()).toBe('from b, from a')
      ann.provider.awareness!.setLocalStateField('cursor', { at: 3 })
      bob.provider.awareness.setLocalStateField('cursor', { at: 5 })
      const cursors = (states: Map<number, Record<string, unknown>>): unknown[] =>
        [...states.values()]
          .map((state) => (state['cursor'] as { at: number } | undefined)?.at ?? 0)
          .sort((x, y) => x - y)
      await expect.poll(() => cursors(bob.provider.awareness.getStates())).toEqual([3, 5])
      await expect.poll(() => cursors(ann.provider.awareness!.getStates())).toEqual([3, 5])
      ann.provider.awareness!.setLocalState(null)
      await expect.poll(() => cursors(bob.provider.awareness.getStates())).toEqual([5])
    })

    it('keep an acknowledged edit when the instance that took it is killed', async () => {
      const [a, b] = fleet.instances
      {
        await using writer = await connectHocuspocus(a!, 'kept')
        await expect.poll(() => writer.isSaved).toBe(true)
        for (let i = 0; i < 50; i++) writer.text.insert(0, `edit ${i} `.repeat(20))
        await expect.poll(() => writer.isSaved).toBe(true)
        await a!.kill('SIGKILL')
        expect(await textOf(b!, 'kept')).toBe(writer.text.toJSON())
      }
      await a!.start()
    })
  })
}
