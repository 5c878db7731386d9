import type { Document } from '@hocuspocus/server'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { CodraftError } from '../errors.ts'
import type { JournalRecord } from '../journal/Journal.ts'
import { decodeRelayMessage, encodeRelayMessage } from './relay-message.ts'
import { RelayedDocument } from './RelayedDocument.ts'

/** One instance: its document, what the stream holds for it, and what it has sent. */
const openInstance = (
  name: string,
  records: JournalRecord[],
  snapshot?: { state: Uint8Array; position: number },
) => {
  const document = new Y.Doc()
  const sent: Buffer[] = []
  const errors: string[] = []
  const reads: number[] = []
  const applied: string[] = []
  const relayed = new RelayedDocument({
    document: document as unknown as Document,
    instance: name,
    decode: (_position, body) => ({ updates: [body], origins: [originOf(body)] }),
    onEdits: (edits) => applied.push(...edits.flatMap(({ opId }) => opId ?? [])),
    read: async (after) => {
      reads.push(after)
      const rest = records.filter(({ position }) => position > after)
      if (snapshot && after < snapshot.position) throw new CodraftError('CODRAFT_JOURNAL_TRIMMED')
      return rest
    },
    base: async () => snapshot,
    send: (kind, position, body) => sent.push(encodeRelayMessage(name, kind, position, body)),
    isSettled: () => true,
    onSeen: () => undefined,
    onError: (error, what) => errors.push(`${what}: ${String(error)}`),
  })
  return { document, relayed, sent, errors, reads, applied, text: document.getText('text') }
}

/** The updates of a writer, one for each character. */
const typed = (content: string): Uint8Array[] => {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (const char of content) document.getText('text').insert(document.getText('text').length, char)
  return updates
}

const originOf = (update: Uint8Array) => ({ userId: 'ann', opId: Buffer.from(update).toString('hex') })

const recordOf = (update: Uint8Array, index: number): JournalRecord => ({
  position: index + 1,
  updates: [update],
  origins: [originOf(update)],
})

const announce = (position: number, update: Uint8Array | undefined, instance = 'writer--') => ({
  kind: 'record' as const,
  instance,
  position,
  body: update && Buffer.from(update),
})

describe('a document that others edit', () => {
  const updates = typed('abcd')
  const records = updates.map(recordOf)

  it('applies records as they are announced, also those that came while it was loading', async () => {
    const { relayed, text, reads } = openInstance('reader--', records)
    relayed.receive(announce(3, updates[2]))
    expect(text.toJSON()).toBe('')
    Y.applyUpdate(text.doc!, updates[0]!)
    Y.applyUpdate(text.doc!, updates[1]!)
    relayed.loaded(2)
    expect(text.toJSON()).toBe('abc')
    relayed.receive(announce(4, updates[3]))
    expect(text.toJSON()).toBe('abcd')
    expect(reads).toEqual([])
  })

  it('reads the stream where a position is missing, or a record was too large to be announced', async () => {
    for (const arrived of [announce(3, updates[2]), announce(1, undefined)]) {
      const { relayed, text, reads } = openInstance('reader--', records)
      relayed.loaded(0)
      relayed.receive(arrived)
      await expect.poll(() => text.toJSON()).toBe('abcd')
      expect(reads[0]).toBe(0)
      expect(relayed.position).toBe(4)
    }
  })

  it('starts from the snapshot where the stream was trimmed above what it has', async () => {
    const state = Y.mergeUpdates(updates.slice(0, 3))
    const { relayed, text, errors } = openInstance('reader--', records.slice(3), { state, position: 3 })
    relayed.loaded(0)
    await relayed.heal()
    expect(errors).toEqual([])
    expect(text.toJSON()).toBe('abcd')
    expect(relayed.position).toBe(4)
  })

  it('tells of the edits that it applies, announced or read', async () => {
    const { relayed, applied } = openInstance('reader--', records)
    relayed.loaded(0)
    relayed.receive(announce(1, updates[0]))
    const opIds = updates.map((update) => originOf(update).opId)
    expect(applied).toEqual(opIds.slice(0, 1))
    relayed.receive(announce(4, updates[3]))
    await expect.poll(() => new Set(applied)).toEqual(new Set(opIds))
  })

  it('takes no harm from a record that comes twice or late', async () => {
    const { relayed, text } = openInstance('reader--', records)
    relayed.loaded(0)
    for (const position of [1, 2, 2, 1, 3, 4, 1]) relayed.receive(announce(position, updates[position - 1]))
    expect(text.toJSON()).toBe('abcd')
    expect(relayed.position).toBe(4)
  })

  it('finds by their digests that two instances differ in a deletion only, and exchanges what is missing', async () => {
    const a = openInstance('first---', records)
    const b = openInstance('second--', records)
    for (const { document, relayed } of [a, b]) {
      for (const update of updates) Y.applyUpdate(document, update)
      relayed.loaded(4)
    }
    a.text.delete(1, 1)
    const repaired: Uint8Array[] = []
    b.document.on('update', (update: Uint8Array, origin: unknown) => {
      if ((origin as { source?: string } | null)?.source === 'local') repaired.push(update)
    })
    // Each knows that the other one is there.
    a.relayed.receive(announce(4, updates[3], 'second--'))
    b.relayed.receive(announce(4, updates[3], 'first---'))
    a.relayed.announceDigest()
    a.relayed.announceDigest()
    const deliver = (): boolean => {
      const messages = [
        ...a.sent.splice(0).map((m) => [m, b] as const),
        ...b.sent.splice(0).map((m) => [m, a] as const),
      ]
      for (const [message, to] of messages) to.relayed.receive(decodeRelayMessage(message)!)
      return messages.length > 0
    }
    let rounds = 0
    while (deliver()) expect(++rounds).toBeLessThan(10)
    expect(b.text.toJSON()).toBe('acd')
    expect(a.text.toJSON()).toBe('acd')
    // It was in no journal that both have read: it is journaled again.
    expect(repaired.length).toBe(1)
  })

  it('says nothing to itself while nobody else has the document', () => {
    const { relayed, text, sent } = openInstance('reader--', records)
    relayed.loaded(0)
    text.insert(0, 'alone')
    relayed.announceDigest()
    relayed.announceDigest()
    expect(sent).toEqual([])
  })
})
