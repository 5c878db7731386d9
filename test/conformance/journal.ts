import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Journal } from '../../extensions/journal/index.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (update: Uint8Array): string => new TextDecoder().decode(update)
const contents = async (journal: Journal, name: string, after?: number): Promise<string[]> =>
  (await journal.read(name, after)).flatMap((record) => record.updates.map(text))

export interface JournalUnderTest {
  readonly journal: Journal
  /** Closes it and opens the same journal anew. */
  reopen(): Promise<Journal>
  dispose(): Promise<void>
}

/** The suite that every driver of Journal passes. */
export const journalConformance = (driver: string, open: () => Promise<JournalUnderTest>): void => {
  describe(`${driver}: the journal contract`, () => {
    let subject: JournalUnderTest
    let journal: Journal
    beforeEach(async () => {
      subject = await open()
      journal = subject.journal
    })
    afterEach(() => subject.dispose())

    it('numbers appends and makes them durable in their order', async () => {
      const tickets = Array.from({ length: 50 }, (_, i) => journal.append(`doc${i % 3}`, bytes(`edit ${i}`)))
      expect(tickets).toEqual([...tickets].sort((a, b) => a - b))
      expect(new Set(tickets).size).toBe(50)
      const seen: number[] = []
      journal.onDurable((ticket) => seen.push(ticket))
      await journal.whenDurable(tickets.at(-1)!)
      expect(journal.durableTicket).toBe(tickets.at(-1))
      expect(seen).toEqual([...seen].sort((a, b) => a - b))
    })

    it('reads back each document for itself, in order, byte for byte', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i)
      journal.append('binary', all)
      journal.append('binary', new Uint8Array(0))
      journal.append('üñí/cødé "doc"', bytes('first'))
      await journal.whenDurable(journal.append('üñí/cødé "doc"', bytes('second')))
      const [record] = await journal.read('binary')
      expect(record?.updates.map((update) => [...update])).toEqual([[...all], []])
      expect(await contents(journal, 'üñí/cødé "doc"')).toEqual(['first', 'second'])
      expect(await journal.read('never written')).toEqual([])
    })

    it('keeps everything over a restart and never reuses a position', async () => {
      const { id } = journal
      await journal.whenDurable(journal.append('doc', bytes('before')))
      const [first] = await journal.read('doc')
      await journal.trim('doc', first!.position)
      journal = await subject.reopen()
      expect(journal.id).toBe(id)
      expect(await journal.read('doc', first!.position)).toEqual([])
      await journal.whenDurable(journal.append('doc', bytes('after')))
      const [second] = await journal.read('doc', first!.position)
      expect(second!.position).toBeGreaterThan(first!.position)
    })

    it('keeps who made each edit, when, in which trace and under which op id, over a restart', async () => {
      const before = Date.now()
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      journal.append('doc', bytes('a'), { userId: 'ann' })
      journal.append('doc', bytes('b'), { userId: 'bob', opId: 'op-1', traceparent })
      await journal.whenDurable(journal.append('doc', bytes('c')))
      const after = Date.now()
      journal = await subject.reopen()
      const records = await journal.read('doc')
      expect(records.flatMap((record) => record.origins)).toEqual([
        { userId: 'ann' },
        { userId: 'bob', opId: 'op-1', traceparent },
        {},
      ])
      for (const { time } of records) {
        expect(time).toBeGreaterThanOrEqual(before)
        expect(time).toBeLessThanOrEqual(after)
      }
    })

    it('reads from a position on', async () => {
      for (const edit of ['a', 'b', 'c']) await journal.whenDurable(journal.append('doc', bytes(edit)))
      const [first, second] = await journal.read('doc')
      expect(await contents(journal, 'doc', first!.position)).toEqual(['b', 'c'])
      expect(await contents(journal, 'doc', second!.position)).toEqual(['c'])
    })

    it('trims up to a position, again and again, and touches no other document', async () => {
      for (const edit of ['a', 'b', 'c']) {
        journal.append('other', bytes(edit))
        await journal.whenDurable(journal.append('doc', bytes(edit)))
      }
      const [, second] = await journal.read('doc')
      await journal.trim('doc', second!.position)
      await journal.trim('doc', second!.position)
      expect(await contents(journal, 'doc', second!.position)).toEqual(['c'])
      expect(await contents(journal, 'other')).toEqual(['a', 'b', 'c'])
    })

    it('refuses to read from below what it has trimmed, also after a restart', async () => {
      for (const edit of ['a', 'b']) await journal.whenDurable(journal.append('doc', bytes(edit)))
      const [first] = await journal.read('doc')
      await journal.trim('doc', first!.position)
      await expect(journal.read('doc')).rejects.toThrow('CODRAFT_JOURNAL_TRIMMED')
      journal = await subject.reopen()
      await expect(journal.read('doc')).rejects.toThrow('CODRAFT_JOURNAL_TRIMMED')
      expect(await contents(journal, 'doc', first!.position)).toEqual(['b'])
    })

    it('erases a document for good: nothing is read, nothing more is taken, and others go on', async () => {
      const told: [name: string, durable: number][] = []
      const listen = (): void => void journal.onErased((name) => told.push([name, journal.durableTicket]))
      listen()
      journal.append('other', bytes('kept'))
      await journal.whenDurable(journal.append('doc', bytes('secret')))
      await journal.erase('doc')
      await journal.erase('doc')
      await journal.erase('never written')
      await expect(journal.read('doc')).rejects.toThrow('CODRAFT_DOCUMENT_ERASED')
      await expect(journal.read('never written')).rejects.toThrow('CODRAFT_DOCUMENT_ERASED')
      await journal.trim('doc', 1)
      expect(told).toEqual([])
      const late = journal.append('doc', bytes('late'))
      await journal.whenDurable(late)
      expect(told).toEqual([['doc', expect.any(Number)]])
      // Whoever acknowledges hears of it before the ticket counts as durable.
      expect(told[0]![1]).toBeLessThan(late)
      journal = await subject.reopen()
      listen()
      await expect(journal.read('doc', 1)).rejects.toThrow('CODRAFT_DOCUMENT_ERASED')
      journal.append('other', bytes('more'))
      await journal.whenDurable(journal.append('doc', bytes('later still')))
      expect(told.map(([name]) => name)).toEqual(['doc', 'doc'])
      expect(await contents(journal, 'other')).toEqual(['kept', 'more'])
      expect((await journal.tails()).map(({ documentName }) => documentName)).toEqual(['other'])
    })

    it('lists the documents that have records', async () => {
      journal.append('small', bytes('1'))
      await journal.whenDurable(journal.append('large', new Uint8Array(5_000)))
      const tails = new Map((await journal.tails()).map((tail) => [tail.documentName, tail]))
      expect([...tails.keys()].sort()).toEqual(['large', 'small'])
      expect(tails.get('large')!.bytes).toBeGreaterThanOrEqual(5_000)
      await journal.trim('large', Number.MAX_SAFE_INTEGER)
      expect((await journal.tails()).map((tail) => tail.documentName)).toEqual(['small'])
    })

    it('writes what is queued when it closes', async () => {
      for (let i = 0; i < 1_000; i++) journal.append('doc', bytes(`${i}`))
      journal = await subject.reopen()
      expect(await contents(journal, 'doc')).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i}`))
    })
  })
}
