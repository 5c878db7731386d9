import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import {
  Compactor,
  S3ObjectStore,
  type S3ObjectStoreOptions,
  SnapshotStore,
} from '../../extensions/snapshots/index.ts'
import { objectStoreConformance } from '../conformance/object-store.ts'
import { createBucket } from '../helpers/s3.ts'
import { startProxy } from '../helpers/toxiproxy.ts'

objectStoreConformance('S3', async () => {
  const options = await createBucket(process.env)
  const store = await S3ObjectStore.open(options)
  return {
    store,
    remote: { module: new URL('../conformance/s3-object-store-open.ts', import.meta.url).href, options },
    async close() {
      store.close()
    },
  }
})

const body = new TextEncoder().encode('some content')

describe('S3 object store', () => {
  let options: Awaited<ReturnType<typeof createBucket>>
  const opened: S3ObjectStore[] = []
  const open = async (changes: Partial<S3ObjectStoreOptions> = {}): Promise<S3ObjectStore> => {
    const store = await S3ObjectStore.open({ ...options, ...changes })
    opened.push(store)
    return store
  }
  beforeEach(async () => {
    options = await createBucket(process.env)
  })
  afterEach(() => {
    for (const store of opened.splice(0)) store.close()
  })

  it('asks for encryption at rest and reads what is encrypted', async () => {
    const store = await open({ serverSideEncryption: { algorithm: 'AES256' } })
    const tag = await store.put('key', body)
    expect(await store.get('key')).toEqual({ body, tag })
  })

  it('reports a changed object as damaged', async () => {
    const store = await open()
    await store.put('key', body)
    const { GetObjectCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3')
    const client = new S3Client({ ...options, region: 'us-east-1', forcePathStyle: true })
    const place = { Bucket: options.bucket, Key: 'key' }
    const stored = await (await client.send(new GetObjectCommand(place))).Body!.transformToByteArray()
    for (const damaged of [stored.with(0, 0x58), stored.subarray(0, 20), new Uint8Array(0)]) {
      await client.send(new PutObjectCommand({ ...place, Body: damaged }))
      await expect(store.get('key')).rejects.toThrow(/CODRAFT_DOCUMENT_CORRUPT: key/)
    }
    client.destroy()
  })

  it.for([
    ['a missing bucket', { bucket: 'there-is-no-such-bucket' }, 'NoSuchBucket'],
    [
      'a wrong secret',
      { credentials: { accessKeyId: 'codraft-tests', secretAccessKey: 'wrong' } },
      'SignatureDoesNotMatch',
    ],
    [
      'an unknown user',
      { credentials: { accessKeyId: 'nobody', secretAccessKey: 'wrong' } },
      'InvalidAccessKeyId',
    ],
  ] as const)('refuses %s, and says so', async ([, changes, reason]) => {
    const store = await open(changes)
    const refusal = new RegExp(`CODRAFT_OBJECT_STORE_UNSUITABLE: ${reason}`)
    await expect(store.check()).rejects.toThrow(refusal)
    await expect(store.put('key', body)).rejects.toThrow(refusal)
    await expect(store.get('key')).rejects.toThrow(refusal)
    await expect(Array.fromAsync(store.list(''))).rejects.toThrow(refusal)
    await expect(store.delete('key')).rejects.toThrow(refusal)
  })

  it('refuses a server that ignores the conditions of writes', async () => {
    // What an S3 server without conditional writes answers: there is none here that could be started.
    const server = createHttpServer((request, response) => {
      request.resume().on('end', () => response.setHeader('etag', '"1"').end())
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const store = await open({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    await expect(store.check()).rejects.toThrow('CODRAFT_OBJECT_STORE_UNSUITABLE: it ignores If-None-Match')
    await expect(store.put('key', body)).rejects.toThrow('CODRAFT_OBJECT_STORE_UNSUITABLE')
    server.close()
  })

  it('gives up on a server that does not answer, and works again when it does', async () => {
    const proxy = await startProxy(new URL(options.endpoint).host)
    const store = await open({ endpoint: `http://${proxy.address}`, requestTimeoutMs: 200 })
    await proxy.add({ type: 'timeout', attributes: { timeout: 0 } })
    const startedAt = performance.now()
    await expect(store.check()).rejects.toThrow('CODRAFT_OBJECT_STORE_UNAVAILABLE')
    await expect(store.get('key')).rejects.toThrow('CODRAFT_OBJECT_STORE_UNAVAILABLE')
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    await proxy.clear()
    expect(await store.put('key', body, 'absent')).toBeTypeOf('string')
    await proxy.cut()
    await expect(store.put('key', body)).rejects.toThrow('CODRAFT_OBJECT_STORE_UNAVAILABLE')
    await proxy.mend()
    expect((await store.get('key'))!.body).toEqual(body)
    await proxy.close()
  })

  it('knows its own write again when the answer was lost and the repetition met it', async () => {
    const proxy = new AnswerEatingProxy(new URL(options.endpoint))
    const store = await open({ endpoint: await proxy.start() })
    await store.check()
    proxy.answersToLose = 1
    const created = await store.put('key', body, 'absent')
    expect(created).toBeTypeOf('string')
    expect(await store.get('key')).toEqual({ body, tag: created })
    proxy.answersToLose = 1
    const replaced = await store.put('key', body, { tag: created! })
    expect(await store.get('key')).toEqual({ body, tag: replaced })
    expect(proxy.lost).toBe(2)
    proxy.close()
  })

  it('lets 24 writers compact one document at the same time, and loses nothing', async () => {
    const compactor = new Compactor()
    const states = Array.from({ length: 24 }, (_, i) => {
      const document = new Doc()
      document.getMap().set(`writer ${i}`, true)
      return encodeStateAsUpdate(document)
    })
    const snapshotStores = await Promise.all(
      states.map(
        async () =>
          new SnapshotStore({
            objects: await open(),
            journalId: 'journal',
            merge: (a, b) => compactor.compact({ state: a, updates: [b] }),
          }),
      ),
    )
    await Promise.all(
      states.map((state, i) => snapshotStores[i]!.commit('doc', { state, position: i }, undefined)),
    )
    const stored = await snapshotStores[0]!.read('doc')
    const document = new Doc()
    applyUpdate(document, stored!.state)
    expect(document.getMap().size).toBe(24)
    expect(stored!.position).toBe(23)
    const keys = await Array.fromAsync((await open()).list('documents/doc/'))
    expect(keys.sort()).toEqual(['documents/doc/manifest.json', stored!.key])
    await compactor.close()
  })
})

/** Passes requests on, and cuts the connection instead of passing on the next `answersToLose` answers. */
class AnswerEatingProxy {
  answersToLose = 0
  lost = 0
  readonly #upstream: URL
  #server: Server | undefined

  constructor(upstream: URL) {
    this.#upstream = upstream
  }

  async start(): Promise<string> {
    this.#server = createServer((client) => {
      const upstream = connect(Number(this.#upstream.port), this.#upstream.hostname)
      client.pipe(upstream)
      upstream.on('data', (data) => {
        if (this.answersToLose === 0) return void client.write(data)
        this.answersToLose -= 1
        this.lost += 1
        client.destroy()
        upstream.destroy()
      })
      for (const socket of [client, upstream]) socket.on('error', () => undefined)
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
    }).listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server?.close()
  }
}
