import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Presence, PresenceEvent } from '../../extensions/presence/index.ts'

export interface PresenceUnderTest {
  /** One for each instance; a driver for one server has one. */
  readonly instances: readonly Presence[]
  dispose(): Promise<void>
}

const ann = { userId: 'ann', name: 'Ann' }
const bob = { userId: 'bob' }

/** The suite that every driver of Presence passes. @param open makes it with a leave delay of 200 ms */
export const presenceConformance = (driver: string, open: () => Promise<PresenceUnderTest>): void => {
  describe(`${driver}: the presence contract`, () => {
    let subject: PresenceUnderTest
    let first: Presence
    let last: Presence
    const heard = new Map<Presence, string[]>()
    beforeEach(async () => {
      subject = await open()
      first = subject.instances[0]!
      last = subject.instances.at(-1)!
      heard.clear()
      for (const instance of subject.instances) {
        const events: string[] = []
        heard.set(instance, events)
        instance.onChange(({ type, user, documentName }: PresenceEvent) =>
          events.push(`${type} ${user.userId} ${documentName}`),
        )
      }
    })
    afterEach(() => subject.dispose())

    const names = async (presence: Presence, documentName = 'doc'): Promise<string[]> =>
      (await presence.users(documentName)).map(({ userId }) => userId).sort()

    /** Following a document begins a moment after it was opened; who came in between was there before. */
    const untilFollowing = async (): Promise<void> => {
      let probes = 0
      await expect
        .poll(() => {
          last.enter('doc', { userId: `probe ${probes++}` })()
          return heard.get(first)!.some((event) => event.startsWith('user_left probe'))
        })
        .toBe(true)
    }
    const of = (presence: Presence, userId: string): string[] =>
      heard.get(presence)!.filter((event) => event.includes(` ${userId} `))

    it('lists who has a document open, from every instance', async () => {
      first.enter('doc', ann)
      last.enter('doc', bob)
      last.enter('other', bob)
      for (const instance of subject.instances) {
        await expect.poll(() => names(instance)).toEqual(['ann', 'bob'])
        await expect.poll(() => names(instance, 'other')).toEqual(['bob'])
        expect(await names(instance, 'nobody there')).toEqual([])
      }
      expect((await first.users('doc')).find(({ userId }) => userId === 'ann')).toEqual({
        ...ann,
        connections: 1,
      })
    })

    it('counts a user with several tabs once, who leaves with the last', async () => {
      const here = last.enter('doc', bob)
      const leaves = [first.enter('doc', ann), first.enter('doc', ann), last.enter('doc', ann)]
      await expect
        .poll(async () => (await last.users('doc')).find(({ userId }) => userId === 'ann')?.connections)
        .toBe(3)
      for (const leave of leaves) {
        expect(await names(last)).toContain('ann')
        leave()
        leave()
      }
      await expect.poll(() => names(last)).toEqual(['bob'])
      await expect.poll(() => of(last, 'ann')).toContain('user_left ann doc')
      expect(of(last, 'ann').length).toBeLessThanOrEqual(2)
      here()
    })

    it('tells an instance of others as long as somebody has the document open there', async () => {
      const leave = first.enter('doc', ann)
      await untilFollowing()
      last.enter('doc', bob)
      await expect.poll(() => of(first, 'bob')).toEqual(['user_joined bob doc'])
      leave()
      await expect.poll(() => of(last, 'ann').at(-1)).toBe('user_left ann doc')
    })

    it('does not tell of a user who is back within the leave delay, wherever that is', async () => {
      first.enter('doc', bob)
      last.enter('doc', bob)
      await untilFollowing()
      const leave = first.enter('doc', ann)
      await expect.poll(() => names(last)).toContain('ann')
      leave()
      const leaveAgain = last.enter('doc', ann)
      expect(await names(first)).toContain('ann')
      leaveAgain()
      await expect.poll(() => of(first, 'ann')).toEqual(['user_joined ann doc', 'user_left ann doc'])
    })

    it('knows where a user is', async () => {
      first.enter('doc', ann)
      const leave = last.enter('other', ann)
      const documents = async (): Promise<string[]> =>
        (await first.whereIs('ann')).map(({ documentName }) => documentName).sort()
      await expect.poll(documents).toEqual(['doc', 'other'])
      leave()
      await expect.poll(documents).toEqual(['doc'])
      expect(await first.whereIs('nobody')).toEqual([])
    })

    it('takes the users of an instance away when it closes', async () => {
      last.enter('doc', bob)
      first.enter('doc', ann)
      await expect.poll(() => names(last)).toEqual(['ann', 'bob'])
      await first.close()
      await expect.poll(() => names(last)).toEqual(first === last ? [] : ['bob'])
    })
  })
}
