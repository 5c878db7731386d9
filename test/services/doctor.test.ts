import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, type Admin } from 'kafkajs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { kafkaCluster } from '../../scripts/services/kafka-cluster.ts'
import { redis, redisCli } from '../../scripts/services/redis.ts'
import { diagnose } from '../helpers/doctor.ts'
import { startNginx } from '../helpers/nginx.ts'
import { createDatabases, type TestDatabases } from '../helpers/postgres.ts'
import { createBucket, settingsOf } from '../helpers/s3.ts'
import { startServer, testSecret, type TestServer } from '../helpers/server.ts'
import { serviceVariable, startOwn, type OwnService } from '../helpers/services.ts'

const healthy = { exitCode: 0, problems: [], cures: [] }

let ownRedis: OwnService
let ownKafka: OwnService
let kafka: Admin
let databases: TestDatabases
let server: TestServer
let settings: Record<string, string>
beforeAll(async () => {
  ownRedis = await startOwn(redis)
  ownKafka = await startOwn(kafkaCluster)
  const brokers = Object.values(ownKafka.env)[0]!
  kafka = new Kafka({ brokers: brokers.split(','), logLevel: 0 }).admin()
  databases = await createDatabases(serviceVariable('CODRAFT_TEST_POSTGRES_URL'), 2)
  const bucket = await createBucket(process.env)
  settings = {
    AUTH_JWT_SECRET: testSecret,
    TRUSTED_PROXIES: '127.0.0.1',
    REDIS_URL: Object.values(ownRedis.env)[0]!,
    DATABASE_URL: databases.urls[0]!,
    KAFKA_BROKERS: brokers,
    ...settingsOf(bucket),
  }
  server = await startServer({ env: settings })
  await kafka.connect()
  // The topics are made after the server is ready.
  await vi.waitFor(async () => expect(await diagnose(settings)).toEqual(healthy), {
    timeout: 20_000,
  })
})
afterAll(async () => {
  await kafka.disconnect()
  await server?.close()
  await databases?.drop()
  await ownKafka?.close()
  await ownRedis?.close()
})

/** Changes a setting of Redis while `work` runs. */
const withRedis = async (name: string, value: string, work: () => Promise<void>): Promise<void> => {
  const port = Number(new URL(settings['REDIS_URL']!).port)
  const set = (text: string): Promise<string> => redisCli(port, 'config', 'set', name, text)
  const [, before = ''] = (await redisCli(port, 'config', 'get', name)).split('\n')
  expect(await set(value)).toBe('OK')
  try {
    await work()
  } finally {
    await set(before)
  }
}

it('finds nothing on a healthy fleet behind nginx', async () => {
  const balancer = await startNginx([server.url, server.url, server.url])
  expect(await diagnose({ ...settings, PUBLIC_URL: balancer.url })).toEqual(healthy)
  await balancer.close()
})

it('finds a Redis that keeps no append-only file, and one that does not sync it', async () => {
  await withRedis('appendonly', 'no', async () => {
    const { exitCode, problems } = await diagnose(settings)
    expect(problems).toEqual([expect.stringMatching(/^redis: Redis keeps no append-only file/)])
    expect(exitCode).toBe(1)
  })
  await withRedis('appendfsync', 'everysec', async () => {
    const { exitCode, problems } = await diagnose(settings)
    expect(problems).toEqual([expect.stringMatching(/^redis: .*appendfsync everysec/)])
    expect(exitCode).toBe(0)
  })
})

it('finds a Redis that evicts keys', () =>
  withRedis('maxmemory-policy', 'allkeys-lru', async () => {
    const { exitCode, problems, cures } = await diagnose(settings)
    expect(exitCode).toBe(1)
    expect(problems).toEqual([
      expect.stringMatching(/^redis: Redis may evict keys \(maxmemory-policy allkeys-lru\)/),
    ])
    expect(cures).toEqual(['In redis.conf: maxmemory-policy noeviction.'])
  }))

it('finds an S3 server that ignores the conditions of writes', async () => {
  // What an S3 server without conditional writes answers: there is none here that could be started.
  const careless = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('etag', '"1"').end())
  }).listen(0, '127.0.0.1')
  await once(careless, 'listening')
  const endpoint = `http://127.0.0.1:${(careless.address() as AddressInfo).port}`
  const { exitCode, problems } = await diagnose({ ...settings, S3_ENDPOINT: endpoint })
  expect(exitCode).toBe(1)
  expect(problems).toEqual([
    expect.stringMatching(/^s3: CODRAFT_OBJECT_STORE_UNSUITABLE: it ignores If-None-Match/),
  ])
  careless.close()
})

it('finds a topic that is missing, one with the wrong partitions, and one with one copy only', async () => {
  const remake = async (topic: string, numPartitions: number, replicationFactor: number): Promise<void> => {
    await kafka.deleteTopics({ topics: [topic] })
    await expect.poll(async () => (await kafka.listTopics()).includes(topic)).toBe(false)
    await kafka.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, replicationFactor }] })
  }
  await kafka.deleteTopics({ topics: ['exports-dlq'] })
  await expect
    .poll(async () => (await diagnose(settings)).problems)
    .toEqual(['kafka: Kafka has no exports-dlq'])
  await kafka.createTopics({
    waitForLeaders: true,
    topics: [{ topic: 'exports-dlq', numPartitions: 1, replicationFactor: 1 }],
  })
  expect(await diagnose(settings)).toMatchObject({
    exitCode: 0,
    problems: [`kafka: fewer than 3 copies of exports-dlq: events are lost with a broker's disk`],
  })
  await remake('exports-dlq', 2, 3)
  expect(await diagnose(settings)).toMatchObject({
    exitCode: 1,
    problems: ['kafka: topic exports-dlq has 2 partitions, not 1: the order of its messages is not kept'],
  })
  await remake('exports-dlq', 1, 3)
  expect(await diagnose(settings)).toEqual(healthy)
})

it('finds databases in another order than they were set up', async () => {
  const { exitCode, problems } = await diagnose({
    ...settings,
    DATABASE_URL: databases.urls.join(','),
  })
  expect(exitCode).toBe(1)
  expect(problems).toEqual(['database: database 1 of 2 in DATABASE_URL was set up as 1 of 1'])
})

it('finds a clock that is wrong', async () => {
  const shift = 'data:text/javascript,const{now}=Date;Date.now=()=>now()-90000'
  const { exitCode, problems } = await diagnose(settings, { nodeFlags: ['--import', shift] })
  expect(exitCode).toBe(1)
  expect(problems.toSorted()).toEqual([
    expect.stringMatching(/^clock: the clock of Redis is \d+ s ahead of/),
    expect.stringMatching(/^clock: the clock of the S3 server is \d+ s ahead of/),
    expect.stringMatching(/^clock: the clock of the database is \d+ s ahead of/),
  ])
})

it('finds a load balancer that passes no WebSockets, and one whose X-Forwarded-For is not believed', async () => {
  const plain = await startServer({ env: { ...settings, TRUSTED_PROXIES: '' } })
  const edit = (config: string): string => config.replace('proxy_set_header Upgrade $http_upgrade;', '')
  const balancer = await startNginx([plain.url, plain.url, plain.url], edit)
  const { exitCode, problems } = await diagnose({ ...settings, PUBLIC_URL: balancer.url })
  expect(exitCode).toBe(1)
  expect(problems).toEqual([
    'proxy: X-Forwarded-For of 127.0.0.1 is not believed: all people behind it count as one address',
    expect.stringMatching(/^proxy: no WebSocket can be opened at PUBLIC_URL/),
  ])
  await balancer.close()
  await plain.close()
})

it('finds a disk that is nearly full', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'codraft-disk-'))
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk])
  try {
    writeFileSync(join(disk, 'ballast'), new Uint8Array(14 << 20))
    expect(await diagnose({ AUTH_JWT_SECRET: testSecret, CODRAFT_DATA_DIR: disk })).toMatchObject({
      exitCode: 0,
      problems: [`disk: the disk of ${disk} is 88 % full: on a full disk no edit is acknowledged`],
    })
  } finally {
    spawnSync('umount', [disk])
    rmSync(disk, { recursive: true })
  }
})
