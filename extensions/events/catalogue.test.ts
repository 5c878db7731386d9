import { describe, expect, it } from 'vitest'
import {
  decodeEvent,
  encodeEvent,
  eventTypes,
  keyOf,
  newEvent,
  topicSpecs,
  type EventData,
} from './catalogue.ts'

const shared: EventData<'document.shared'> = { role: 'editor', by: { id: 'ann' }, email: 'bob@example.com' }

describe('an event', () => {
  it('comes back as it was written', () => {
    const event = newEvent('document.shared', { documentName: 'notes', userId: 'bob', data: shared })
    expect(decodeEvent(encodeEvent(event))).toEqual(event)
  })

  it('is in order with the others of its document, or of the user that is told', () => {
    const opened = newEvent('document.opened', {
      documentName: 'notes',
      userId: 'ann',
      data: { sessionId: '1' },
    })
    expect(keyOf(opened)).toBe('notes')
    expect(keyOf(newEvent('document.shared', { documentName: 'notes', userId: 'bob', data: shared }))).toBe(
      'bob',
    )
    expect(keyOf(newEvent('document.shared', { documentName: 'notes', data: shared }))).toBe(
      'bob@example.com',
    )
  })

  it('is refused with the name of the bad field and without its value', () => {
    const event = newEvent('document.shared', { documentName: 'notes', data: { ...shared, email: 'secret' } })
    expect(() => encodeEvent(event)).toThrow(/CODRAFT_EVENT_INVALID: document.shared email/)
    expect(() => encodeEvent(event)).not.toThrow(/secret/)
  })

  it('leaves out what this version does not know of', () => {
    const event = newEvent('document.shared', { documentName: 'notes', userId: 'bob', data: shared })
    const newer = { ...event, data: { ...shared, added: 'later' }, added: 'later' }
    expect(decodeEvent({ value: JSON.stringify(newer) })).toEqual(event)
  })

  it.each([
    ['update', { update: 'not base64' }],
    ['position', { position: 0 }],
    ['edits', { edits: 1.5 }],
    ['authors.0.edits', { authors: [{ edits: -1, inserted: 0, deleted: 0 }] }],
  ])('of an edit is refused with a bad %s', (field, change) => {
    const counts = { edits: 1, inserted: 1, deleted: 0 }
    const data = { update: 'AAA=', journal: 'j', position: 1, ...counts, authors: [counts] }
    const event = newEvent('document.edited', { documentName: 'notes', data })
    expect(decodeEvent(encodeEvent(event))).toEqual(event)
    const value = JSON.stringify({ ...event, data: { ...data, ...change } })
    expect(() => decodeEvent({ value })).toThrow(`CODRAFT_EVENT_INVALID: document.edited ${field}`)
  })

  it('is refused with a link that is none', () => {
    const event = newEvent('document.shared', { documentName: 'notes', data: { ...shared, url: 'no link' } })
    expect(() => encodeEvent(event)).toThrow('CODRAFT_EVENT_INVALID: document.shared url')
  })

  it.each([
    ['not JSON', 'no', 'not JSON'],
    ['no envelope', '{}', 'envelope id'],
    [
      'an unknown type',
      JSON.stringify({
        ...newEvent('document.shared', { documentName: 'd', data: shared }),
        type: 'toString',
      }),
      'type toString is unknown',
    ],
    [
      'another version',
      JSON.stringify({ ...newEvent('document.shared', { documentName: 'd', data: shared }), version: 2 }),
      'document.shared of version 2, not 1',
    ],
  ])('is refused when it is %s', (_what, value, message) => {
    expect(() => decodeEvent({ value })).toThrow(`CODRAFT_EVENT_INVALID: ${message}`)
  })
})

it('topics: ten, five, three and twenty partitions, each with its dead letters, kept for seven days', () => {
  const partitions = topicSpecs
    .filter(({ name }) => !name.endsWith('-dlq'))
    .map((spec) => [spec.name, spec.partitions])
  expect(Object.fromEntries(partitions)).toEqual({
    'document-edits': 10,
    notifications: 5,
    exports: 3,
    analytics: 20,
  })
  expect(topicSpecs).toHaveLength(8)
  expect(new Set(topicSpecs.map(({ retentionMs }) => retentionMs))).toEqual(new Set([7 * 24 * 3600 * 1000]))
  for (const { topic } of Object.values(eventTypes))
    expect(topicSpecs.map(({ name }) => name)).toContain(topic)
})
