import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redis, redisCli } from '../../scripts/services/redis.ts'
import { alertNames, dashboardQueries, read } from '../helpers/alerts.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { createDatabases, type TestDatabases } from '../helpers/postgres.ts'
import { startPrometheus, type Prometheus } from '../helpers/prometheus.ts'
import { createBucket, settingsOf } from '../helpers/s3.ts'
import { startServer, testSecret, type TestServer } from '../helpers/server.ts'
import { serviceVariable, startOwn, type OwnService } from '../helpers/services.ts'

const run = promisify(execFile)
const buckets = ['0.1', '0.5', '1', '+Inf']

/** Series of a histogram, one observation a second: of 1 s in its first half hour, of 50 ms afterwards. */
const slowThenFast = (name: string): Record<string, string> =>
  Object.fromEntries(
    buckets.map((le) => {
      const isSlow = le === '0.1' || le === '0.5'
      return [`${name}_bucket{le="${le}"}`, isSlow ? '0x30 60+60x60' : '0+60x90']
    }),
  )

/** Minutes: something is wrong from 5 to 30, and not from 31 on. */
const gauge = (wrong: string, right = '0'): string => `${right}x5 ${wrong}x25 ${right}x60`

const partition = (number: number): string =>
  `codraft_topic_partition_end_offset{topic="analytics",partition="${number}"}`

/** For each alert, series by the minute in which it fires at 30 minutes and not at 80. */
const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CodraftInstanceDown: { 'up{job="codraft",instance="a"}': gauge('0', '1') },
  CodraftConnectionsLow: { codraft_connections: '1000x15 20x15 1000x60' },
  CodraftConnectionsHigh: { codraft_connections: gauge('950', '100'), codraft_connections_limit: '1000x90' },
  CodraftReconnectionsHigh: {
    codraft_connections: '1000x90',
    codraft_reconnections_total: '0+100x30 3000+5x60',
  },
  CodraftAuthenticationsFail: {
    'codraft_authentications_total{result="accepted"}': '0+1000x90',
    'codraft_authentications_total{result="refused"}': '0+30x30 900x60',
  },
  CodraftMessageLatencyHigh: slowThenFast('codraft_message_latency_seconds'),
  CodraftAcknowledgementsSlow: slowThenFast('codraft_ack_delay_seconds'),
  CodraftEventLoopBlocked: { 'nodejs_eventloop_lag_p99_seconds{job="codraft"}': gauge('0.4', '0.02') },
  CodraftJournalUnavailable: { 'codraft_dependency_state{dependency="journal"}': gauge('2') },
  CodraftDurabilityDegraded: { codraft_durability_level: gauge('1', '2') },
  CodraftEditsNotStored: { codraft_oldest_unstored_edit_seconds: gauge('4000', '100') },
  CodraftDocumentCorrupt: { codraft_corrupt_documents: gauge('1') },
  CodraftDiskFull: { codraft_disk_used_ratio: gauge('0.85', '0.5') },
  CodraftDependencyAway: { 'codraft_dependency_state{dependency="database"}': gauge('1') },
  CodraftReplicationLag: { 'codraft_database_replica_lag_seconds{replica="1"}': gauge('0.2', '0.01') },
  CodraftUnderReplicated: { 'codraft_under_replicated_partitions{topic="exports"}': gauge('1') },
  CodraftConsumerLagHigh: {
    'codraft_consumer_lag{group="codraft-email",topic="notifications"}': gauge('10001'),
  },
  CodraftPartitionSkew: { [partition(0)]: '0+3000x30 90000+1000x60', [partition(1)]: '0+1000x90' },
  CodraftEventsDelayed: { codraft_oldest_unpublished_edit_seconds: gauge('90', '1') },
  CodraftOutboxNotDraining: { codraft_outbox_oldest_seconds: gauge('90') },
  CodraftDeadLetters: { 'codraft_dead_letters{topic="exports-dlq"}': gauge('1') },
}

/** Rates that are wrong from the start. */
const alwaysWrongAtFirst = new Set([
  'CodraftReconnectionsHigh',
  'CodraftAuthenticationsFail',
  'CodraftMessageLatencyHigh',
  'CodraftAcknowledgementsSlow',
  'CodraftPartitionSkew',
])

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codraft-alerts-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('every alert fires when its series say so, and clears', async () => {
  expect(Object.keys(cases).toSorted()).toEqual(alertNames().toSorted())
  const firing = (alert: string): string => `count(ALERTS{alertname="${alert}",alertstate="firing"})`
  await writeFile(join(folder, 'alerts.yml'), read('docker/alerts.yml'))
  // JSON is YAML.
  const tests = {
    rule_files: ['alerts.yml'],
    evaluation_interval: '1m',
    tests: Object.entries(cases).map(([alert, series]) => ({
      name: alert,
      interval: '1m',
      input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
      promql_expr_test: [
        { expr: firing(alert), eval_time: '4m', exp_samples: [] },
        { expr: firing(alert), eval_time: '30m', exp_samples: [{ labels: '{}', value: 1 }] },
        { expr: firing(alert), eval_time: '80m', exp_samples: [] },
      ].filter(({ eval_time }) => eval_time !== '4m' || !alwaysWrongAtFirst.has(alert)),
    })),
  }
  await writeFile(join(folder, 'tests.yml'), JSON.stringify(tests))
  const promtool = serviceVariable('CODRAFT_TEST_PROMTOOL')
  await run(promtool, ['test', 'rules', join(folder, 'tests.yml')]).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(error.stdout + error.stderr)
    },
  )
})

describe('a real Prometheus that scrapes a running server', () => {
  let ownRedis: OwnService
  let databases: TestDatabases
  let server: TestServer
  let prometheus: Prometheus
  beforeAll(async () => {
    ownRedis = await startOwn(redis)
    databases = await createDatabases(serviceVariable('CODRAFT_TEST_POSTGRES_URL'))
    server = await startServer({
      env: {
        AUTH_JWT_SECRET: testSecret,
        REDIS_URL: Object.values(ownRedis.env)[0],
        DATABASE_URL: databases.urls[0],
        ...settingsOf(await createBucket(process.env)),
      },
    })
    prometheus = await startPrometheus([new URL(server.url).host])
  })
  afterAll(async () => {
    await prometheus?.close()
    await server?.close()
    await databases?.drop()
    await ownRedis?.close()
  })

  it('raises no alert while all is well, and answers every query of the dashboard', async () => {
    await using writer = await connectHocuspocus(server, 'doc')
    await using reader = await connectHocuspocus(server, 'doc', { user: 'reader' })
    writer.text.insert(0, 'hello')
    await expect.poll(() => reader.text.toJSON()).toBe('hello')
    await expect.poll(() => prometheus.query('sum(codraft_connections)')).toEqual([2])
    for (const query of dashboardQueries()) await prometheus.query(query)
    await expect.poll(() => prometheus.query('codraft_durability_level')).toEqual([2])
    expect(await prometheus.firing()).toEqual([])
  })

  it('forged tokens raise CodraftAuthenticationsFail, which clears when they end', async () => {
    for (let i = 0; i < 10; i++) {
      await using forger = await connectHocuspocus(server, 'doc', { secret: 'x'.repeat(40) })
      await expect.poll(() => forger.deniedReason).toBeDefined()
    }
    await expect.poll(() => prometheus.firing(), { timeout: 40_000 }).toContain('CodraftAuthenticationsFail')
    await using friend = await connectHocuspocus(server, 'doc')
    await expect.poll(() => friend.isSaved).toBe(true)
    await expect.poll(() => prometheus.firing(), { timeout: 60_000 }).toEqual([])
  })

  it('a Redis that stops raises what it is about, and all clears when it is back', async () => {
    await ownRedis.stop()
    await expect
      .poll(() => prometheus.firing(), { timeout: 40_000 })
      .toEqual(expect.arrayContaining(['CodraftDependencyAway']))
    await ownRedis.start()
    await expect.poll(() => prometheus.firing(), { timeout: 60_000 }).toEqual([])
  })

  it('a Redis that does not sync raises CodraftDurabilityDegraded', async () => {
    const port = Number(new URL(Object.values(ownRedis.env)[0]!).port)
    await redisCli(port, 'config', 'set', 'appendfsync', 'everysec')
    // It is read again when the connection comes back.
    await redisCli(port, 'client', 'kill', 'type', 'normal')
    await expect.poll(() => prometheus.firing(), { timeout: 40_000 }).toContain('CodraftDurabilityDegraded')
  })

  it('a server that was killed raises CodraftInstanceDown, and its return clears it', async () => {
    await server.kill('SIGKILL')
    await expect.poll(() => prometheus.firing(), { timeout: 40_000 }).toContain('CodraftInstanceDown')
    await server.start()
    await expect.poll(() => prometheus.firing(), { timeout: 60_000 }).not.toContain('CodraftInstanceDown')
  })
})
