import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  encodeEvent,
  newEvent,
  topicSpecs,
  type EventLog,
  type EventOn,
} from '../../extensions/events/index.ts'
import { DependencyDown, PermanentFailure, TryLater } from '../../src/workers/failures.ts'
import { WorkerRunner } from '../../src/workers/runner.ts'
import { groupOf, type AnyWorker, type SqlWorker, type Worker } from '../../src/workers/Worker.ts'
import { WorkerMetrics } from '../../src/workers/WorkerMetrics.ts'
import { countEditors, listUsage } from '../../src/store/analytics.ts'
import { analyticsWorker } from '../../src/workers/analytics.ts'
import { DeadLetters } from '../../src/workers/DeadLetters.ts'
import { rebuild } from '../../src/workers/replay.ts'
import type { Store } from '../../src/store/Store.ts'

export interface RunnerParts {
  readonly log: EventLog
  readonly store: Store
  dispose(): Promise<void>
}

type Notification = EventOn<'notifications'>

/** What the runner promises to workers, on every event log and database. */
export const workerRunnerConformance = (driver: string, open: () => Promise<RunnerParts>): void => {
  describe(`${driver}: workers`, () => {
    let parts: RunnerParts
    let name: string
    let documentName: string
    let registry: Registry
    let metrics: WorkerMetrics
    let runners: WorkerRunner[] = []
    beforeEach(async () => {
      parts = await open()
      await parts.log.ensureTopics(topicSpecs)
      name = `worker-${randomUUID()}`
      documentName = `document-${randomUUID()}`
      registry = new Registry()
      metrics = new WorkerMetrics(registry)
      runners = []
    })
    afterEach(async () => {
      await Promise.all(runners.map((runner) => runner.stop()))
      await parts.dispose()
    })

    const run = (worker: AnyWorker): WorkerRunner => {
      const runner = new WorkerRunner({ ...parts, worker, metrics, logger: pino({ level: 'silent' }) })
      runners.push(runner)
      runner.start()
      return runner
    }

    /** A worker for the events of this test; others may be in the log. */
    const worker = (
      handle: Worker<'notifications'>['handle'],
      options: Partial<Worker<'notifications'>> = {},
    ): Worker<'notifications'> => ({
      name,
      topics: ['notifications'],
      retry: { firstMs: 10 },
      ...options,
      handle: async (event, context) => {
        if (event.documentName === documentName) await handle(event, context)
      },
    })

    const mention = (title: string, userId = 'ann') =>
      newEvent('user.mentioned', {
        documentName,
        userId,
        data: { by: { id: 'bob' }, title, place: 'document' },
      })

    const publish = (...events: Notification[]) => parts.log.publish('notifications', events.map(encodeEvent))

    const titleOf = ({ data }: Notification): string => ('title' in data && data.title) || ''

    const deadLetters = async () =>
      (await parts.log.read('notifications-dlq')).filter(
        ({ headers, value }) => headers['group'] === groupOf(name) && value.includes(documentName),
      )

    const count = async (metric: string): Promise<number> => {
      const { values } = (await registry.getSingleMetric(`codraft_worker_${metric}`)!.get()) as {
        values: { value: number }[]
      }
      return values[0]?.value ?? 0
    }

    const lag = async (): Promise<number> =>
      (await parts.log.lag(groupOf(name), ['notifications'])).reduce((sum, { lag }) => sum + lag, 0)

    it('handles events in order for each user, and what is published twice once', async () => {
      const seen: string[] = []
      run(worker(async (event) => void seen.push(titleOf(event))))
      const again = mention('1')
      await publish(again, mention('2'))
      await publish(again, mention('3'))
      await expect.poll(() => seen).toEqual(['1', '2', '3'])
      await expect.poll(lag).toBe(0)
      expect(seen).toEqual(['1', '2', '3'])
    })

    it('tries again what fails, before later events of the same user; others do not wait', async () => {
      const seen: string[] = []
      run(
        worker(async (event, { attempt }) => {
          if (titleOf(event) === 'hard' && attempt < 3) throw new Error('not now')
          if (titleOf(event) === 'late' && attempt < 2) throw new TryLater('busy', 300)
          seen.push(`${titleOf(event)} ${attempt}`)
        }),
      )
      await publish(mention('late', 'eve'), mention('hard'), mention('after'))
      await expect.poll(() => seen).toEqual(['hard 3', 'after 1', 'late 2'])
      expect(await count('retried_total')).toBe(3)
      expect(await deadLetters()).toEqual([])
    })

    it('makes dead letters: of a permanent failure at once, of others after all attempts; the rest goes on', async () => {
      const attempts: string[] = []
      const seen: string[] = []
      run(
        worker(
          async (event, { attempt }) => {
            attempts.push(`${titleOf(event)} ${attempt}`)
            if (titleOf(event) === 'refused') throw new PermanentFailure('no such mailbox')
            if (titleOf(event) === 'broken') throw new Error('still broken')
            seen.push(titleOf(event))
          },
          { retry: { attempts: 3, firstMs: 5 } },
        ),
      )
      await publish(mention('refused'), mention('broken'), mention('fine'))
      await expect.poll(() => seen).toEqual(['fine'])
      expect(attempts).toEqual(['refused 1', 'broken 1', 'broken 2', 'broken 3', 'fine 1'])
      await expect
        .poll(async () =>
          (await deadLetters()).map(({ headers, value }) => ({
            title: titleOf(JSON.parse(value) as Notification),
            cause: headers['cause'],
            attempts: headers['attempts'],
          })),
        )
        .toEqual([
          { title: 'refused', cause: 'no such mailbox', attempts: '1' },
          { title: 'broken', cause: 'still broken', attempts: '3' },
        ])
      await expect.poll(lag).toBe(0)
      expect(await count('dead_total')).toBe(2)
      expect(await count('handled_total')).toBeGreaterThanOrEqual(1)
    })

    it('makes a dead letter of what is no event', async () => {
      run(worker(async () => {}))
      await parts.log.publish('notifications', [{ key: 'ann', value: `{"broken": "${documentName}"` }])
      await expect
        .poll(async () => (await deadLetters()).filter(({ value }) => value.includes(documentName)).length)
        .toBe(1)
      await expect.poll(lag).toBe(0)
    })

    it('waits while something is away, burns no event, and goes on when it is back', async () => {
      let isAway = true
      const seen: string[] = []
      const runner = run(
        worker(
          async (event) => {
            if (isAway) throw new DependencyDown('the mail server refuses connections')
            seen.push(titleOf(event))
          },
          { retry: { attempts: 1 } },
        ),
      )
      await publish(mention('1'), mention('2'), mention('3', 'eve'))
      await expect
        .poll(() => runner.status)
        .toMatchObject({ state: 'paused', error: 'the mail server refuses connections' })
      isAway = false
      await expect.poll(() => seen.toSorted()).toEqual(['1', '2', '3'])
      await expect.poll(() => runner.status.state).toBe('running')
      expect(await deadLetters()).toEqual([])
    })

    it('completes what is under way when it stops; another goes on with the rest, and repeats nothing', async () => {
      const seen: string[] = []
      const held = Promise.withResolvers<void>()
      const first = run(
        worker(async (event) => {
          seen.push(`first ${titleOf(event)}`)
          await held.promise
        }),
      )
      await publish(mention('1'), mention('2'))
      await expect.poll(() => seen).toEqual(['first 1'])
      const stopped = first.stop()
      held.resolve()
      await stopped
      run(worker(async (event) => void seen.push(`second ${titleOf(event)}`)))
      await expect.poll(() => seen).toEqual(['first 1', 'second 2'])
      await expect.poll(lag).toBe(0)
      expect(seen).toEqual(['first 1', 'second 2'])
    })

    it('starts what could not start at first, and has nothing handled before', async () => {
      const seen: string[] = []
      let starts = 0
      run(
        worker(async (event) => void seen.push(`${titleOf(event)} after ${starts}`), {
          async start() {
            starts += 1
            if (starts < 3) throw new Error('what it needs is not there yet')
          },
        }),
      )
      await publish(mention('1'))
      await expect.poll(() => seen).toEqual(['1 after 3'])
    })

    it('handles each part of an event once and in order, though another part fails', async () => {
      const sent: string[] = []
      const parts = worker(
        async (event, { part, attempt }) => {
          if (part === 'laptop' && titleOf(event) === '1' && attempt < 3) throw new Error('no answer')
          sent.push(`${part} ${titleOf(event)}`)
        },
        { parts: async () => ['phone', 'laptop'], retry: { firstMs: 200 } },
      )
      run(parts)
      await publish(mention('1'), mention('2'))
      await expect.poll(() => sent).toEqual(['phone 1', 'phone 2', 'laptop 1', 'laptop 2'])
      await expect.poll(() => count('handled_total')).toBeGreaterThanOrEqual(4)
    })

    it('makes a dead letter of an event whose parts cannot be found out; the rest goes on', async () => {
      const seen: string[] = []
      const parts = async (event: Notification): Promise<string[]> => {
        if (titleOf(event) === 'broken') throw new Error('no parts')
        return ['phone']
      }
      run(
        worker(async (event) => void seen.push(titleOf(event)), {
          parts,
          retry: { attempts: 2, firstMs: 5 },
        }),
      )
      await publish(mention('broken'), mention('fine'))
      await expect.poll(() => seen).toEqual(['fine'])
      expect((await deadLetters()).map(({ headers }) => headers['cause'])).toEqual(['no parts'])
    })

    it('leaves what does not succeed for later, for as long as it takes; nobody else waits for it', async () => {
      const seen: string[] = []
      const answers = Promise.withResolvers<void>()
      run(
        worker(
          async (event, { attempt }) => {
            const title = titleOf(event)
            if (title === 'refused' && attempt === 1) throw new TryLater('come back in a minute', 60_000)
            if (title === 'hanging') await answers.promise
            seen.push(title)
          },
          { patienceMs: 20 },
        ),
      )
      await publish(mention('refused', 'eve'), mention('hanging', 'ann'))
      await expect.poll(() => count('retried_total')).toBe(1)
      // Users enough for each partition, in batches that come after it.
      const users = Array.from({ length: 30 }, (_, index) => `user-${index}`)
      for (const user of users) await publish(mention(user, user))
      await publish(mention('behind eve', 'eve'), mention('behind ann', 'ann'))
      await expect.poll(() => seen.toSorted()).toEqual(users.toSorted())
      await expect.poll(lag).toBe(0)
      answers.resolve()
      await expect.poll(() => seen.slice(users.length)).toEqual(['hanging', 'behind ann'])
      expect(await deadLetters()).toEqual([])
    })

    it('takes over what another process has left for later, with its order and its attempts', async () => {
      const seen: string[] = []
      const failing = worker(
        async (event, { attempt }) => {
          seen.push(`${titleOf(event)} ${attempt}`)
          if (titleOf(event) === '1' && attempt === 1) throw new TryLater('busy', 1_000)
        },
        { retry: { attempts: 2 } },
      )
      const first = run(failing)
      await publish(mention('1'), mention('2'))
      await expect.poll(lag).toBe(0)
      await first.stop()
      expect(seen).toEqual(['1 1'])
      run(failing)
      await publish(mention('3'))
      await expect.poll(() => seen).toEqual(['1 1', '1 2', '2 1', '3 1'])
    })

    it('gives a dead letter to its worker again, after the fix, and to no other', async () => {
      let isFixed = false
      const seen: string[] = []
      const others: string[] = []
      run(
        worker(async (event) => {
          if (titleOf(event) === 'poison' && !isFixed) throw new PermanentFailure('cannot read it')
          seen.push(titleOf(event))
        }),
      )
      run(worker(async (event) => void others.push(titleOf(event)), { name: `${name}-other` }))
      await publish(mention('poison'), mention('fine'))
      await expect.poll(() => seen).toEqual(['fine'])
      await expect.poll(() => others).toEqual(['poison', 'fine'])

      const deadLetters = new DeadLetters(parts.log, parts.store)
      const own = async () =>
        (await deadLetters.list()).filter(
          ({ group, message }) => group === groupOf(name) && message.value.includes(documentName),
        )
      const [letter] = await own()
      expect(letter).toMatchObject({ type: 'user.mentioned', cause: 'cannot read it', attempts: 1 })
      isFixed = true
      await deadLetters.retry(letter!)
      await deadLetters.settle(letter!)
      await expect.poll(() => seen).toEqual(['fine', 'poison'])
      expect(await own()).toEqual([])
      await publish(mention('last'))
      await expect.poll(() => others).toEqual(['poison', 'fine', 'last'])
    })

    it('counts the same again when analytics are derived anew from all events', async () => {
      const users = ['ann', 'bob', undefined]
      const time = Date.now()
      const edits = Array.from({ length: 300 }, (_, index) => {
        const userId = users[index % 3]
        const counts = { edits: 1, inserted: index, deleted: index % 7 }
        return newEvent('document.edited', {
          id: `${documentName}:${index + 1}`,
          documentName,
          time: time - index * 3_600_000,
          data: {
            update: 'AAA=',
            journal: documentName,
            position: index + 1,
            ...counts,
            authors: [{ ...(userId !== undefined && { userId }), ...counts }],
          },
        })
      })
      const visits = Array.from({ length: 50 }, (_, index) => [
        newEvent('document.opened', { documentName, time, data: { sessionId: `${index}` } }),
        newEvent('document.closed', {
          documentName,
          time,
          data: { sessionId: `${index}`, durationMs: index },
        }),
      ]).flat()
      // A publisher that was killed publishes its last events again.
      const published = [...edits.slice(0, 200), ...edits.slice(150)].map(encodeEvent)
      await parts.log.publish('document-edits', published)
      await parts.log.publish('analytics', [...visits, ...visits.slice(0, 20)].map(encodeEvent))

      const counting = { ...analyticsWorker(), name }
      const counted = async () => {
        const runner = run(counting)
        await expect
          .poll(async () => {
            const partitions = await parts.log.lag(groupOf(name), counting.topics)
            return partitions.reduce((sum, { lag }) => sum + lag, 0)
          })
          .toBe(0)
        await runner.stop()
        const db = parts.store.of(documentName)
        return {
          days: await listUsage(db, documentName, 'day', 0),
          hours: await listUsage(db, documentName, 'hour', 0),
          editors: await countEditors(db, documentName, 0),
        }
      }
      const first = await counted()
      const sum = (of: 'edits' | 'inserted' | 'opens' | 'sessionMs') =>
        first.days.reduce((total, row) => total + row[of], 0)
      expect(sum('edits')).toBe(300)
      expect(sum('inserted')).toBe((299 * 300) / 2)
      expect(sum('opens')).toBe(50)
      expect(sum('sessionMs')).toBe((49 * 50) / 2)
      expect(first.editors).toBe(2)

      expect(await rebuild(parts.log, parts.store, counting)).toBe(0)
      expect(await listUsage(parts.store.of(documentName), documentName, 'day', 0)).toEqual([])
      expect(await counted()).toEqual(first)
    })

    it('applies events to rows once: with the mark that they are applied, or not at all', async () => {
      const applied: string[] = []
      let failures = 2
      const counting: SqlWorker<'notifications'> = {
        name,
        topics: ['notifications'],
        retry: { attempts: 5, firstMs: 5 },
        async apply(events, { db, unapplied }) {
          const fresh = await unapplied(events.filter((event) => event.documentName === documentName))
          for (const event of fresh) {
            if (titleOf(event) === 'poison') throw new Error('cannot be counted')
            await db
              .insertInto('leases')
              .values({ name: `${name} ${titleOf(event)}`, holder: name, expiresAt: 0 })
              .execute()
          }
          if (fresh.length > 0 && failures-- > 0) throw new Error('rolled back')
          applied.push(...fresh.map(titleOf))
        },
      }
      run(counting)
      const again = mention('1')
      await publish(again, mention('2'), again, mention('poison'), mention('3', 'eve'))
      await expect.poll(async () => (await deadLetters()).length).toBe(1)
      await publish(again)
      await expect.poll(lag).toBe(0)
      expect(applied.toSorted()).toEqual(['1', '2', '3'])
      const rows = await Promise.all(
        parts.store.all.map((db) =>
          db.selectFrom('leases').select('name').where('holder', '=', name).execute(),
        ),
      )
      expect(
        rows
          .flat()
          .map((row) => row.name.slice(name.length + 1))
          .toSorted(),
      ).toEqual(['1', '2', '3'])
    })
  })
}
