import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { encodeEvent, newEvent, type Message } from '../../extensions/events/index.ts'
import { Attempts } from './Attempts.ts'
import { WorkerMetrics } from './WorkerMetrics.ts'

it('tells which event of which document and user fails, and no address', async () => {
  const lines: Record<string, unknown>[] = []
  const published: string[] = []
  const attempts = new Attempts({
    worker: { name: 'email', retry: { attempts: 2, firstMs: 1 } },
    log: { publish: async (topic) => void published.push(topic) },
    logger: pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    metrics: new WorkerMetrics(new Registry()),
  })
  const event = newEvent('document.shared', {
    documentName: 'plan',
    userId: 'bob',
    data: { role: 'editor', by: { id: 'ann' }, email: 'bob@example.org' },
  })
  const message: Message = encodeEvent(event)
  const stored = { ...message, topic: 'notifications', partition: 3, offset: 7, time: 0, headers: {} }
  const isHandled = await attempts.run({ message: stored, event }, new AbortController().signal, () =>
    Promise.reject(new Error('not today')),
  )
  expect(isHandled).toBe(false)
  expect(published).toEqual(['notifications-dlq'])
  const about = { event: event.id, document: 'plan', userId: 'bob', topic: 'notifications', offset: 7 }
  expect(lines).toMatchObject([
    { ...about, attempt: 1, msg: 'an event is tried again' },
    { ...about, attempts: 2, msg: 'an event became a dead letter' },
  ])
  expect(JSON.stringify(lines)).not.toContain('example.org')
})
