import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { median } from '../../scripts/bench/lib/stats.ts'
import { kafka } from '../../scripts/services/kafka.ts'
import { acceptInvitation } from '../helpers/invitations.ts'
import { mailsTo } from '../helpers/mailpit.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { serviceVariable, startOwn, type OwnService } from '../helpers/services.ts'
import { startProxy, type Proxy } from '../helpers/toxiproxy.ts'

const sharesEach = 20
const name = 'minutes'
const states = ['up', 'hanging', 'down'] as const
type State = (typeof states)[number]

describe.each(['the embedded log', 'Kafka'])('a share is mailed over %s', (log) => {
  let broker: OwnService | undefined
  let smtp: Proxy
  let server: TestServer
  let owner: RestClient
  beforeEach(async () => {
    broker = log === 'Kafka' ? await startOwn(kafka) : undefined
    smtp = await startProxy(new URL(serviceVariable('CODRAFT_TEST_SMTP_URL')).host)
    server = await startServer({
      env: {
        KAFKA_BROKERS: broker?.env['CODRAFT_TEST_KAFKA_BROKERS'],
        SMTP_URL: `smtp://${smtp.address}`,
      },
    })
    owner = await restClient(server, 'ada', { documents: null })
    expect((await owner.put(documentPath(name), { body: 'what was said' })).status).toBeLessThan(300)
  })
  afterEach(async () => {
    await server.close()
    await smtp.close()
    await broker?.close()
  })

  const handled = async (): Promise<number> => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^codraft_worker_handled_total\{worker="email"\} (\d+)$/m.exec(text)?.[1] ?? 0)
  }

  it('at once whether SMTP is up, hangs or is down; and each mail arrives once when it is back', async () => {
    const run = randomUUID()
    // One for each share: a second mail to the same person would wait for a digest.
    const inviteesOf = (state: State): readonly string[] =>
      Array.from({ length: sharesEach }, (_, index) => `${state}-${index}-${run}@example.org`)
    const medianShareMs = async (state: State): Promise<number> => {
      const tookMs: number[] = []
      for (const email of inviteesOf(state)) {
        const start = performance.now()
        const { status } = await owner.post(documentPath(name, '/share'), { body: { email, role: 'editor' } })
        tookMs.push(performance.now() - start)
        expect(status).toBe(201)
      }
      return median(tookMs) ?? Number.NaN
    }
    const warmUp = { email: `first-${run}@example.org`, role: 'viewer' }
    await owner.post(documentPath(name, '/share'), { body: warmUp })
    await expect.poll(handled, { timeout: 60_000 }).toBe(1)

    const up = await medianShareMs('up')
    await expect.poll(handled, { timeout: 60_000 }).toBe(1 + sharesEach)
    // What the mailer says no longer arrives, over the connections it has as over new ones.
    await smtp.add({ type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } })
    const hanging = await medianShareMs('hanging')
    await smtp.cut()
    const down = await medianShareMs('down')
    expect(await handled()).toBe(1 + sharesEach)
    process.stdout.write(
      `\nshares over ${log}: median answer after ${up.toFixed(1)} ms with SMTP up, ` +
        `${hanging.toFixed(1)} ms while it hangs, ${down.toFixed(1)} ms while it is down\n`,
    )
    // Far below what a connection to SMTP waits for: 10 s.
    const slowestMs = up * 3 + 50
    expect(hanging).toBeLessThan(slowestMs)
    expect(down).toBeLessThan(slowestMs)

    await smtp.clear()
    await smtp.mend()
    await expect.poll(handled, { timeout: 90_000 }).toBe(1 + sharesEach * states.length)
    for (const email of states.flatMap(inviteesOf)) {
      const subjects = (await mailsTo(email)).map(({ subject }) => subject)
      expect(subjects, email).toEqual([`ada invited you to edit “${name}”`])
    }

    const [email = ''] = inviteesOf('hanging')
    const [mail] = await mailsTo(email)
    const guest = await restClient(server, 'bob', { documents: null })
    expect((await guest.get(documentPath(name))).status).toBe(403)
    expect(await acceptInvitation(guest, mail?.text ?? '')).toEqual({ document: name, role: 'editor' })
    expect((await guest.get(documentPath(name))).status).toBe(200)
    expect((await guest.put(documentPath(name), { body: 'what was meant' })).status).toBeLessThan(300)
  })
})
