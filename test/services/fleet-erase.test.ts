import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { Redis } from 'ioredis'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { filesWith, holdsText } from '../helpers/bytes.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { serviceVariable } from '../helpers/services.ts'

const secret = 'the merger will be announced on the ninth of May'
/** Only in the content: a title and the text of an invitation stay in notifications for a while. */
const confidential = 'the price is four hundred and ten million'
const name = 'board/minutes'

let fleet: Fleet
let redis: Redis
let s3: S3Client
let postgres: Client
let owner: RestClient

beforeAll(async () => {
  const redisUrl = serviceVariable('CODRAFT_TEST_REDIS_URL')
  fleet = await startFleet({ redisUrls: [redisUrl, redisUrl], env: { COMPACT_AFTER_BYTES: '1024' } })
  redis = new Redis(redisUrl)
  s3 = new S3Client({
    endpoint: fleet.bucket.endpoint,
    credentials: fleet.bucket.credentials,
    region: 'us-east-1',
    forcePathStyle: true,
  })
  postgres = new Client({ connectionString: fleet.databaseUrl })
  await postgres.connect()
  owner = await restClient(fleet.instances[0]!, 'olga', { documents: { '*': 'owner' } })
})

afterAll(async () => {
  redis?.disconnect()
  s3?.destroy()
  await postgres?.end()
  await fleet?.close()
})

const inS3 = async (): Promise<string[]> => {
  const found: string[] = []
  let token: string | undefined
  do {
    const list = new ListObjectsV2Command({ Bucket: fleet.bucket.bucket, ContinuationToken: token })
    const page = await s3.send(list)
    for (const { Key } of page.Contents ?? []) {
      const object = await s3.send(new GetObjectCommand({ Bucket: fleet.bucket.bucket, Key }))
      const bytes = Buffer.from((await object.Body?.transformToByteArray()) ?? [])
      if (holdsText(bytes, secret)) found.push(`s3 ${Key}`)
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  return found
}

/** Of each type of Redis what it holds, as bytes. */
const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  string: (key) => redis.getBuffer(key),
  hash: (key) => redis.hgetallBuffer(key),
  list: (key) => redis.lrangeBuffer(key, 0, -1),
  set: (key) => redis.smembersBuffer(key),
  zset: (key) => redis.zrangeBuffer(key, '0', '-1'),
  stream: (key) => redis.xrangeBuffer(key, '-', '+'),
}

const buffersIn = (value: unknown): Buffer[] => {
  if (Buffer.isBuffer(value)) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersIn) : []
}

const inRedis = async (): Promise<string[]> => {
  const found: string[] = []
  for (const key of await redis.keys(`*${fleet.prefix}*`)) {
    const read = readers[await redis.type(key)]
    if (buffersIn(await read?.(key)).some((bytes) => holdsText(bytes, secret))) found.push(`redis ${key}`)
  }
  return found
}

const inPostgres = async (): Promise<string[]> => {
  const found: string[] = []
  const { rows: tables } = await postgres.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
  )
  for (const { name: table } of tables) {
    // The invitation is a letter that was sent; only a server without SMTP keeps it here.
    if (table === 'captured_mails') continue
    const { rows } = await postgres.query<{ row: string }>(`select t::text as row from ${table} t`)
    if (rows.some(({ row }) => holdsText(Buffer.from(row), secret))) found.push(`postgres ${table}`)
  }
  return found
}

const inFiles = async (): Promise<string[]> => {
  const found = await Promise.all(fleet.instances.map(({ dataDir }) => filesWith(dataDir, confidential)))
  return found.flat().map((path) => `file ${path}`)
}

const everywhere = async (): Promise<string[]> =>
  (await Promise.all([inS3(), inRedis(), inPostgres(), inFiles()])).flat()

it('nothing of an erased document is in any store, nor brought back by who was offline or held it in memory', async () => {
  const [a, b] = fleet.instances as [Fleet['instances'][number], Fleet['instances'][number]]
  for (let i = 0; i < 6; i++)
    await owner.put(documentPath(name), { body: `${secret}; ${confidential} ${'filler '.repeat(i * 30)}` })
  await owner.put(documentPath(`${name}~comments`), { body: `comment: ${secret}` })
  await owner.patch(documentPath(name, '/about'), { body: { title: secret } })
  await owner.post(documentPath(name, '/versions'), { body: { label: secret } })
  const invitation = { email: 'eve@example.org', role: 'viewer', message: secret }
  expect((await owner.post(documentPath(name, '/share'), { body: invitation })).status).toBe(201)

  // Two that go offline, on either instance: one with what it has read, one with an edit that nobody has seen.
  await using reader = await connectHocuspocus(a, name)
  await using writer = await connectHocuspocus(b, name)
  // One that stays, so that the other instance holds the document in memory while it is erased.
  await using holder = await connectYWebsocket(b, name)
  await expect.poll(() => reader.isSaved && writer.isSaved && holder.provider.synced).toBe(true)
  writer.text.insert(0, `acknowledged: ${secret}. ${confidential}. `)
  await expect.poll(() => writer.isSaved && reader.text.toJSON().includes('acknowledged')).toBe(true)
  const sockets = [reader, writer].map(({ provider }) => provider.configuration.websocketProvider)
  for (const socket of sockets) socket.disconnect()
  writer.text.insert(0, `written offline: ${secret}. `)

  await expect
    .poll(async () => (await everywhere()).map((place) => place.split(' ')[0]))
    .toEqual(expect.arrayContaining(['s3', 'redis', 'postgres', 'file']))
  expect((await owner.delete(documentPath(name), { query: { mode: 'erase' } })).status).toBe(204)
  await expect.poll(() => holder.closeCodes).toContain(4410)
  expect(await everywhere()).toEqual([])

  for (const socket of sockets) await socket.connect()
  for (const client of [reader, writer])
    await expect.poll(() => client.deniedReason ?? '').toContain('CODRAFT_DOCUMENT_ERASED')
  const other = await restClient(b, 'olga', { documents: { '*': 'owner' } })
  expect((await other.put(documentPath(name), { body: secret })).code).toBe('CODRAFT_DOCUMENT_ERASED')
  expect(await everywhere()).toEqual([])

  // What the instances have in memory goes to the stores at the latest when they stop.
  for (const instance of fleet.instances) await instance.restart()
  await using late = await connectHocuspocus(b, name, { document: writer.document })
  await expect.poll(() => late.deniedReason ?? '').toContain('CODRAFT_DOCUMENT_ERASED')
  expect(await everywhere()).toEqual([])
})

it('an instance that was down while a document was erased leaves nothing of it when it is back', async () => {
  const [a, b] = fleet.instances as [Fleet['instances'][number], Fleet['instances'][number]]
  const document = 'board/absent'
  {
    await using writer = await connectHocuspocus(b, document)
    writer.text.insert(0, confidential)
    await expect.poll(() => writer.isSaved).toBe(true)
    await expect.poll(() => filesWith(b.dataDir, confidential)).not.toEqual([])
  }
  await b.kill('SIGKILL')
  const other = await restClient(a, 'olga', { documents: { '*': 'owner' } })
  expect((await other.delete(documentPath(document), { query: { mode: 'erase' } })).status).toBe(204)
  await b.start()
  await expect.poll(everywhere).toEqual([])
})
