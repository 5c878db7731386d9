import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Hocuspocus, Server, type Document, type Extension } from '@hocuspocus/server'
import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { SafeHocuspocus, type SafeHocuspocusOptions } from '../../src/server/SafeHocuspocus.ts'
import { Client, isPendingAfter, serve, until } from './hocuspocus-harness.ts'

/*
 * Each fault of Hocuspocus 4.7 that SafeHocuspocus removes, once as plain Hocuspocus has it and once without. The tests of
 * plain Hocuspocus are here to fail when a later version has mended the fault, so that our own code can go.
 */

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const logged: Record<string, unknown>[] = []
const logger = pino({ level: 'debug' }, { write: (line: string) => logged.push(JSON.parse(line)) })
afterEach(() => logged.splice(0))

const fastRetry = { firstMs: 20, maxMs: 80 }

const makeSafe = (extension: Extension, options: Partial<SafeHocuspocusOptions> = {}): SafeHocuspocus => {
  const hocuspocus = new SafeHocuspocus({
    extensions: [extension],
    logger,
    storeRetry: fastRetry,
    configuration: { debounce: 20, maxDebounce: 100 },
    ...options,
  })
  cleanups.push(() => forget(hocuspocus))
  return hocuspocus
}

const makePlain = (extension: Extension): Hocuspocus => {
  // Hocuspocus writes the errors of hooks to the console.
  const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  cleanups.push(() => silence.mockRestore())
  const hocuspocus = new Hocuspocus({ extensions: [extension], quiet: true, debounce: 20, maxDebounce: 100 })
  cleanups.push(() => forget(hocuspocus))
  return hocuspocus
}

/** Ends the awareness timers of the documents that a test left loaded. */
const forget = (hocuspocus: Hocuspocus): void => {
  for (const document of hocuspocus.documents.values()) document.destroy()
}

const start = async (hocuspocus: Hocuspocus): Promise<string> => {
  const server = await serve(hocuspocus)
  cleanups.push(() => server.close())
  return server.url
}

const open = (url: string, name = 'document'): Client => {
  const client = new Client(url, name)
  cleanups.push(() => client.close())
  return client
}

/** A store that fails as long as it is told to, and keeps the last text otherwise. */
class Store implements Extension {
  isDown = true
  attempts = 0
  text = ''

  async onStoreDocument({ document }: { document: Document }): Promise<void> {
    this.attempts += 1
    await Promise.resolve()
    if (this.isDown) throw new Error('store is down')
    this.text = document.getText('text').toJSON()
  }
}

const textOf = (document: Document | undefined): string | undefined => document?.getText('text').toJSON()

const openDocument = (hocuspocus: Hocuspocus, name = 'document'): Promise<Document> =>
  hocuspocus.createDocument(name, new Request('http://localhost'), 'socket', {
    readOnly: false,
    isAuthenticated: true,
  })

/** Keeps the documents that an instance makes, also the ones that fail to load. */
const recordDocuments = (into: Document[]) => ({
  onLoadDocument: async ({ document }: { document: Document }) => {
    into.push(document)
  },
})

describe('a hook that throws', () => {
  const fatalHooks = [
    'onConfigure',
    'onChange',
    'onStateless',
    'beforeBroadcastStateless',
    'onAwarenessUpdate',
    'onDisconnect',
    'afterUnloadDocument',
    'onRequest',
    'onUpgrade',
  ] as const

  test.each(fatalHooks)('plain: %s ends the process', async (hook) => {
    const script = fileURLToPath(new URL('throwing-hook.ts', import.meta.url))
    const run = promisify(execFile)(process.execPath, [script, hook], { timeout: 30_000 })
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('Error: boom') })
  })

  test.each([
    ['rejects', async () => Promise.reject(new Error('boom'))],
    [
      'throws without a promise',
      () => {
        throw new Error('boom')
      },
    ],
  ])('ours: a hook that %s is logged, and the server and the other extensions go on', async (_, fail) => {
    const ran = new Set<string>()
    const failing = Object.fromEntries(fatalHooks.map((hook) => [hook, fail]))
    const watching = Object.fromEntries(fatalHooks.map((hook) => [hook, async () => void ran.add(hook)]))
    const hocuspocus = makeSafe(
      { extensionName: 'Failing', priority: 200, ...failing },
      { extensions: [{ extensionName: 'Failing', priority: 200, ...failing }, watching] },
    )
    const url = await start(hocuspocus)
    await hocuspocus.hooks('onRequest', { request: {} as never, response: {} as never, instance: hocuspocus })
    await hocuspocus.hooks('onUpgrade', {
      request: {} as never,
      socket: undefined,
      head: undefined,
      instance: hocuspocus,
    })

    const client = await open(url).synced()
    client.type('secret words')
    client.provider.setAwarenessField('user', { name: 'Ada' })
    client.provider.sendStateless('hello')
    await until(() => ran.has('onStateless') && ran.has('onAwarenessUpdate'))
    hocuspocus.documents.get('document')?.broadcastStateless('hello')
    await client.synced()
    const reader = await open(url).synced()
    expect(reader.text).toBe('secret words')
    client.close()
    reader.close()
    await until(() => ran.size === fatalHooks.length)

    for (const hook of fatalHooks) {
      expect(logged).toContainEqual(expect.objectContaining({ hook, extension: 'Failing' }))
    }
    expect(logged).toContainEqual(expect.objectContaining({ hook: 'onChange', document: 'document' }))
    expect(JSON.stringify(logged)).not.toContain('secret words')
  })

  test('ours: an extension can still end a chain on purpose', async () => {
    const later = vi.fn(async () => undefined)
    const stop = async () => Promise.reject(new Error())
    const hocuspocus = makeSafe(
      {},
      {
        extensions: [
          { priority: 200, onStateless: stop, onRequest: stop },
          { onStateless: later, onRequest: later },
        ],
      },
    )
    await hocuspocus.hooks('onStateless', {} as never)
    await expect(hocuspocus.hooks('onRequest', {} as never)).rejects.toThrow()
    expect(later).not.toHaveBeenCalled()
    expect(logged).toEqual([])
  })

  test('ours: every extension is closed, and the failure of one is reported', async () => {
    const closed = vi.fn(async () => undefined)
    const fail = async () => Promise.reject(new Error('cannot close'))
    const hocuspocus = makeSafe({}, { extensions: [{ onDestroy: fail }, { onDestroy: closed }] })
    await expect(hocuspocus.hooks('onDestroy', { instance: hocuspocus })).rejects.toThrow('cannot close')
    expect(closed).toHaveBeenCalledOnce()
  })

  test('ours: hooks that are awaited reject with the error of the first that fails', async () => {
    const later = vi.fn(async () => undefined)
    const refuse = async () => Promise.reject(new CodraftError('CODRAFT_TOKEN_INVALID'))
    const hocuspocus = makeSafe(
      {},
      { extensions: [{ onAuthenticate: refuse }, { priority: 1, onAuthenticate: later }] },
    )
    const client = open(await start(hocuspocus))
    await until(() => client.refusals.length > 0)
    expect(client.refusals).toEqual(['CODRAFT_TOKEN_INVALID'])
    expect(later).not.toHaveBeenCalled()
  })

  test('ours: knows which hooks there are', () => {
    const hocuspocus = makeSafe({ onChange: async () => undefined })
    expect(hocuspocus.hasHook('onChange')).toBe(true)
    expect(hocuspocus.hasHook('onStateless')).toBe(false)
    hocuspocus.configuration.extensions.push({ onStateless: async () => undefined })
    expect(hocuspocus.hasHook('onStateless')).toBe(true)
    const configured = makeSafe({}, { configuration: { onConnect: async () => undefined } })
    expect(configured.hasHook('onConnect')).toBe(true)
    expect(configured.hasHook('onChange')).toBe(false)
  })
})

describe('a `connected` hook that throws', () => {
  const refusing: Extension = {
    connected: async () => Promise.reject(new Error('not you')),
  }
  const connectionsOf = (hocuspocus: Hocuspocus) =>
    hocuspocus.documents.get('document')?.connections.size ?? 0

  test('plain: the connection stays attached and writes', async () => {
    const hocuspocus = makePlain(refusing)
    const client = open(await start(hocuspocus))
    await until(() => client.refusals.length > 0)
    client.type('hello')
    await until(() => textOf(hocuspocus.documents.get('document')) === 'hello')
    expect(connectionsOf(hocuspocus)).toBe(1)
  })

  test('ours: the connection is closed, writes nothing, and is told why', async () => {
    const onChange = vi.fn(async () => undefined)
    const hocuspocus = makeSafe({ ...refusing, onChange })
    const client = open(await start(hocuspocus))
    client.type('written before the connection opened')
    await until(() => client.refusals.length > 0)
    client.type('written after the refusal')
    await until(() => hocuspocus.documents.size === 0)
    expect(connectionsOf(hocuspocus)).toBe(0)
    expect(onChange).not.toHaveBeenCalled()
    expect(client.refusals[0]).toBe('CODRAFT_HOOK_FAILED')
    expect(client.closeReasons).toContain('CODRAFT_HOOK_FAILED')
  })

  test('ours: an error with a reason keeps it', async () => {
    const hocuspocus = makeSafe({
      connected: async () => Promise.reject(new CodraftError('CODRAFT_TOO_MANY_DOCUMENTS')),
    })
    const client = open(await start(hocuspocus))
    await until(() => client.refusals.length > 0)
    expect(client.refusals[0]).toBe('CODRAFT_TOO_MANY_DOCUMENTS')
  })
})

describe('a document that fails to load', () => {
  const failing = (made: Document[], hook: 'onLoadDocument' | 'afterLoadDocument'): Extension => ({
    ...recordDocuments(made),
    [hook]: async ({ document }: { document: Document }) => {
      if (!made.includes(document)) made.push(document)
      document.getText('text').insert(0, 'half of it')
      throw new Error('store is down')
    },
  })

  test.each(['onLoadDocument', 'afterLoadDocument'] as const)(
    'plain: %s leaks the document and its timer',
    async (hook) => {
      const made: Document[] = []
      const hocuspocus = makePlain(failing(made, hook))
      await expect(openDocument(hocuspocus)).rejects.toThrow('store is down')
      expect(hocuspocus.documents.size).toBe(0)
      expect(made[0]?.isDestroyed).toBe(false)
      made[0]?.destroy()
    },
  )

  test.each(['onLoadDocument', 'afterLoadDocument'] as const)(
    'ours: %s destroys the document, and nothing is stored',
    async (hook) => {
      const made: Document[] = []
      const store = new Store()
      const hocuspocus = makeSafe({}, { extensions: [failing(made, hook), store] })
      await expect(openDocument(hocuspocus)).rejects.toMatchObject({ reason: 'CODRAFT_DOCUMENT_UNAVAILABLE' })
      expect(made[0]?.isDestroyed).toBe(true)
      expect((await hocuspocus.drain(1_000)).pending).toEqual([])
      expect(store.attempts).toBe(0)
    },
  )

  test('ours: bytes that are no update destroy the document', async () => {
    const made: Document[] = []
    const hocuspocus = makeSafe({
      onLoadDocument: async ({ document }) => {
        made.push(document)
        return new Uint8Array([1, 1, 1, 255])
      },
    })
    await expect(openDocument(hocuspocus)).rejects.toMatchObject({ reason: 'CODRAFT_DOCUMENT_UNAVAILABLE' })
    expect(made[0]?.isDestroyed).toBe(true)
  })

  test('ours: a document that cannot be created is refused, and a coded reason is kept', async () => {
    const hocuspocus = makeSafe({ onCreateDocument: async () => Promise.reject(new Error('no')) })
    await expect(openDocument(hocuspocus)).rejects.toMatchObject({ reason: 'CODRAFT_DOCUMENT_UNAVAILABLE' })
    await expect(openDocument(hocuspocus, ' ')).rejects.toMatchObject({
      reason: 'CODRAFT_DOCUMENT_NAME_INVALID',
    })
    const corrupt = makeSafe({
      onLoadDocument: async () => Promise.reject(new CodraftError('CODRAFT_DOCUMENT_CORRUPT', 'segment 3')),
    })
    await expect(openDocument(corrupt)).rejects.toMatchObject({
      reason: 'CODRAFT_DOCUMENT_CORRUPT: segment 3',
    })
  })

  test('ours: the client is told, and the next attempt works', async () => {
    let isDown = true
    const hocuspocus = makeSafe({
      onLoadDocument: async ({ document }) => {
        document.getText('text').insert(0, isDown ? 'half' : 'whole')
        if (isDown) throw new Error('store is down')
      },
    })
    const url = await start(hocuspocus)
    const first = open(url)
    await until(() => first.refusals.length > 0)
    expect(first.refusals[0]).toBe('CODRAFT_DOCUMENT_UNAVAILABLE')
    isDown = false
    const second = await open(url).synced()
    expect(second.text).toBe('whole')
  })

  test('ours: callers that wait for the same load all fail, and all succeed later', async () => {
    let isDown = true
    const hocuspocus = makeSafe({
      onLoadDocument: async () => {
        if (isDown) throw new Error('store is down')
      },
    })
    const failed = await Promise.allSettled([openDocument(hocuspocus), openDocument(hocuspocus)])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isDown = false
    const [one, other] = await Promise.all([openDocument(hocuspocus), openDocument(hocuspocus)])
    expect(one).toBe(other)
  })
})

describe('a store that fails', () => {
  test('plain: acknowledged edits are lost', async () => {
    const store = new Store()
    const hocuspocus = makePlain(store)
    const client = await open(await start(hocuspocus)).synced()
    client.type('hello')
    await client.synced()
    await until(() => store.attempts === 1)
    store.isDown = false
    client.close()
    await until(() => hocuspocus.documents.size === 0)
    expect(store).toMatchObject({ attempts: 1, text: '' })
  })

  test('ours: the document stays in memory until it is stored, with the edits made meanwhile', async () => {
    const store = new Store()
    let failures = 0
    const hocuspocus = makeSafe(store, { onStoreFailed: () => (failures += 1) })
    const client = await open(await start(hocuspocus)).synced()
    client.type('world')
    await until(() => hocuspocus.failingStores.has('document'))
    const { since, error } = hocuspocus.failingStores.get('document') ?? {}
    expect(error).toBe('store is down')
    expect(Math.abs(Date.now() - (since ?? 0))).toBeLessThan(5_000)
    client.type('hello ')
    await client.synced()
    client.close()
    await until(() => (hocuspocus.failingStores.get('document')?.attempts ?? 0) >= 3)
    const document = hocuspocus.documents.get('document')
    expect(document && hocuspocus.shouldUnloadDocument(document)).toBe(false)

    store.isDown = false
    await until(() => hocuspocus.documents.size === 0)
    expect(store.text).toBe('hello world')
    expect(failures).toBe(store.attempts - 1)
    expect(hocuspocus.failingStores.size).toBe(0)
    expect(document?.isDestroyed).toBe(true)
  })

  test('ours: a store that another extension takes over is no failure', async () => {
    class SkipFurtherHooksError extends Error {
      override name = 'SkipFurtherHooksError'
    }
    const hocuspocus = makeSafe({
      onStoreDocument: async () => Promise.reject(new SkipFurtherHooksError('held elsewhere')),
    })
    const client = await open(await start(hocuspocus)).synced()
    client.type('hello')
    await client.synced()
    client.close()
    await until(() => hocuspocus.documents.size === 0)
    expect(hocuspocus.failingStores.size).toBe(0)
  })

  test('ours: a failing afterStoreDocument does not store again', async () => {
    const store = new Store()
    store.isDown = false
    const hocuspocus = makeSafe(
      {},
      { extensions: [store, { afterStoreDocument: async () => Promise.reject(new Error('boom')) }] },
    )
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'hello'))
    await direct.disconnect()
    await until(() => hocuspocus.documents.size === 0)
    expect(store.attempts).toBe(1)
  })

  test('plain: destroy hangs', async () => {
    const silence = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    cleanups.push(() => silence.mockRestore())
    const server = new Server({
      quiet: true,
      port: 0,
      address: '127.0.0.1',
      stopOnSignals: false,
      extensions: [new Store()],
    })
    await server.listen()
    cleanups.push(() => forget(server.hocuspocus))
    const client = await open(`ws://127.0.0.1:${server.address.port}`).synced()
    client.type('hello')
    await client.synced()
    expect(await isPendingAfter(server.destroy(), 1_500)).toBe(true)
  })

  test('ours: drain ends at its deadline and names what is not stored', async () => {
    const store = new Store()
    const hocuspocus = makeSafe(store)
    const client = await open(await start(hocuspocus)).synced()
    client.type('hello')
    await client.synced()
    client.close()
    const startedAt = performance.now()
    expect(await hocuspocus.drain(300)).toEqual({ complete: false, pending: ['document'] })
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    store.isDown = false
    expect(await hocuspocus.drain(5_000)).toEqual({ complete: true, pending: [] })
    expect(store.text).toBe('hello')
    expect(hocuspocus.documents.size).toBe(0)
  })

  test('ours: drain stores at once what waits, and unloads what nobody uses', async () => {
    const store = new Store()
    store.isDown = false
    const hocuspocus = makeSafe(store, { configuration: { debounce: 60_000, unloadImmediately: false } })
    const client = await open(await start(hocuspocus)).synced()
    client.type('hello')
    await client.synced()
    hocuspocus.closeConnections()
    expect(await hocuspocus.drain(5_000)).toEqual({ complete: true, pending: [] })
    expect(store.text).toBe('hello')
    expect(hocuspocus.documents.size).toBe(0)
  })

  test('ours: drain ends when a store never answers', async () => {
    const hocuspocus = makeSafe({ onStoreDocument: () => new Promise(() => undefined) })
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'hello'))
    expect(await hocuspocus.drain(100)).toEqual({ complete: false, pending: ['document'] })
  })
})

describe('a direct connection', () => {
  test('ours: disconnects although the store fails, and the edit is stored later', async () => {
    const store = new Store()
    const hocuspocus = makeSafe(store)
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'hello'))
    await direct.disconnect()
    expect(store.attempts).toBe(1)
    expect(hocuspocus.documents.size).toBe(1)
    // While the store is known to fail, further edits do not wait for it.
    const again = await hocuspocus.openDirectConnection('document')
    await again.transact((document) => document.getText('text').insert(5, ' world'))
    await again.disconnect()
    store.isDown = false
    await until(() => hocuspocus.documents.size === 0)
    expect(store.text).toBe('hello world')
  })

  test('ours: disconnects although the store never answers', async () => {
    const hocuspocus = makeSafe({ onStoreDocument: () => new Promise(() => undefined) }, { storeWaitMs: 50 })
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'hello'))
    await direct.disconnect()
    expect(hocuspocus.documents.size).toBe(1)
  })

  test('ours: an edit that comes while a store runs is in the store that disconnect waits for', async () => {
    const stored: string[] = []
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const hocuspocus = makeSafe({
      onStoreDocument: async ({ document }) => {
        const text = document.getText('text').toJSON()
        await released
        stored.push(text)
      },
    })
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'world'))
    await until(() => hocuspocus.debouncer.isCurrentlyExecuting('onStoreDocument-document'))
    await direct.transact((document) => document.getText('text').insert(0, 'hello '))
    const disconnected = direct.disconnect()
    release()
    await disconnected
    expect(stored).toEqual(['world', 'hello world'])
    await until(() => hocuspocus.documents.size === 0)
  })

  test('ours: without a store the document is unloaded at once', async () => {
    const hocuspocus = makeSafe({})
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.transact((document) => document.getText('text').insert(0, 'hello'))
    await direct.disconnect()
    await until(() => hocuspocus.documents.size === 0)
    await expect(direct.transact(() => undefined)).rejects.toThrow('closed')
  })
})

describe('a document that is opened while it is unloaded', () => {
  /** Unloads the document in the microtasks between the end of `createDocument` and its caller. */
  const race = async (hocuspocus: Hocuspocus): Promise<Document> => {
    const document = await openDocument(hocuspocus)
    await hocuspocus.unloadDocument(document)
    return document
  }

  test('plain: the caller gets a destroyed document', async () => {
    const hocuspocus = makePlain({})
    expect((await race(hocuspocus)).isDestroyed).toBe(true)
  })

  test('ours: it stays until the caller has had its turn, and is unloaded when unused', async () => {
    const hocuspocus = makeSafe({})
    const document = await race(hocuspocus)
    expect(document.isDestroyed).toBe(false)
    expect(hocuspocus.documents.get('document')).toBe(document)
    await until(() => hocuspocus.documents.size === 0)
    expect(document.isDestroyed).toBe(true)
  })

  test('ours: opening again keeps a document whose unloading has begun', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const beforeUnloadDocument = vi.fn(async () => released)
    const hocuspocus = makeSafe({ beforeUnloadDocument })
    const first = await hocuspocus.openDirectConnection('document')
    const { document } = first
    await first.transact(() => undefined)
    const left = first.disconnect()
    await until(() => beforeUnloadDocument.mock.calls.length > 0)
    const second = await hocuspocus.openDirectConnection('document')
    release()
    await left
    expect(second.document).toBe(document)
    await second.transact((doc) => doc.getText('text').insert(0, 'hello'))
    expect(textOf(hocuspocus.documents.get('document'))).toBe('hello')
    await second.disconnect()
    await until(() => hocuspocus.documents.size === 0)
  })

  test('ours: a load waits until the hooks of the unloading have ended', async () => {
    const steps: string[] = []
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const hocuspocus = makeSafe({
      onLoadDocument: async () => void steps.push('load'),
      afterUnloadDocument: async () => {
        await released
        steps.push('unloaded')
      },
    })
    const first = await hocuspocus.openDirectConnection('document')
    const left = first.disconnect()
    await until(() => hocuspocus.documents.size === 0)
    const second = hocuspocus.openDirectConnection('document')
    release()
    await left
    await (await second).disconnect()
    expect(steps.slice(0, 3)).toEqual(['load', 'unloaded', 'load'])
  })

  test('ours: a client that leaves while its document loads leaves nothing behind', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const onLoadDocument = vi.fn(async () => released)
    const hocuspocus = makeSafe({ onLoadDocument })
    const client = open(await start(hocuspocus))
    await until(() => onLoadDocument.mock.calls.length > 0)
    client.close()
    release()
    await until(() => hocuspocus.loadingDocuments.size === 0 && hocuspocus.documents.size === 0)
  })

  test('ours: an unload that throws is logged, and the document can be opened again', async () => {
    const hocuspocus = makeSafe({
      onLoadDocument: async ({ document }) => {
        document.on('destroy', () => {
          throw new Error('boom')
        })
      },
    })
    const direct = await hocuspocus.openDirectConnection('document')
    await direct.disconnect()
    await until(() => hocuspocus.documents.size === 0 && hocuspocus.unloadingDocuments.size === 0)
    expect(logged).toContainEqual(expect.objectContaining({ msg: 'unloading a document failed' }))
    const again = await hocuspocus.openDirectConnection('document')
    expect(Y.encodeStateAsUpdate(again.document as Y.Doc)).toEqual(new Uint8Array([0, 0]))
    await again.disconnect()
    await until(() => hocuspocus.documents.size === 0)
  })
})
