import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Hocuspocus } from '@hocuspocus/server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeStateAsUpdate } from 'yjs'
import { JournalExtension, SqliteJournal } from '../../extensions/journal/index.ts'
import {
  FolderObjectStore,
  type ObjectStore,
  Snapshots,
  type SnapshotsConfiguration,
} from '../../extensions/snapshots/index.ts'

let folder: string
let journal: SqliteJournal
let objects: FolderObjectStore
let snapshots: Snapshots
let hocuspocus: Hocuspocus
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codraft-snapshots-'))
})
afterEach(async () => {
  await close()
  await rm(folder, { recursive: true })
})

/** Polls; a compaction starts a thread, which takes its time on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 })

type Settings = Partial<SnapshotsConfiguration>

/** A Hocuspocus server of one process over what is in `folder`. Compacts nothing by itself unless told to. */
const open = async (settings: Settings | (() => Settings) = {}): Promise<void> => {
  journal = await SqliteJournal.open({ path: join(folder, 'journal.sqlite'), gatherMs: 0 })
  objects = await FolderObjectStore.open({ root: join(folder, 'objects') })
  snapshots = new Snapshots({
    journal,
    objects,
    compactAfterBytes: Infinity,
    compactAfterMs: 1e9,
    ...(typeof settings === 'function' ? settings() : settings),
  })
  hocuspocus = new Hocuspocus({
    quiet: true,
    extensions: [snapshots, new JournalExtension({ journal, base: snapshots.base })],
  })
}
const close = async (): Promise<void> => {
  await snapshots.stop()
  await journal.close()
  objects.close()
}
const reopen = async (settings?: Settings | (() => Settings)): Promise<void> => {
  await close()
  await open(settings)
}

/** Opens the document, appends each of `texts` in an edit of its own, and unloads the document. */
const write = async (documentName: string, ...texts: string[]): Promise<void> => {
  const connection = await hocuspocus.openDirectConnection(documentName)
  for (const text of texts)
    await connection.transact((document) => document.getText().insert(document.getText().length, text))
  await connection.disconnect()
  await eventually(() => hocuspocus.documents.has(documentName)).toBe(false)
}
const read = async (documentName: string): Promise<string> => {
  const connection = await hocuspocus.openDirectConnection(documentName)
  const text = connection.document!.getText().toJSON()
  await connection.disconnect()
  return text
}
const journaled = async (): Promise<string[]> =>
  (await journal.tails()).map(({ documentName }) => documentName).sort()

/** The folder with some methods replaced. */
const altered = (methods: Partial<ObjectStore>): ObjectStore => ({
  get: (key) => objects.get(key),
  put: (key, body, condition) => objects.put(key, body, condition),
  delete: (key) => objects.delete(key),
  list: (prefix) => objects.list(prefix),
  check: () => objects.check(),
  close: () => objects.close(),
  ...methods,
})

class LogRecorder {
  readonly lines: { level: string; details: object; message: string }[] = []
  readonly info = this.#at('info')
  readonly warn = this.#at('warn')
  readonly error = this.#at('error')
  #at(level: string) {
    return (details: object, message: string): void => void this.lines.push({ level, details, message })
  }
}

describe('a document', () => {
  it('is loaded from its snapshot and what the journal has beyond it', async () => {
    await open({ compactAfterBytes: 1 })
    await write('doc', 'in the snapshot')
    await eventually(journaled).toEqual([])
    await reopen()
    await write('doc', ', in the journal')
    expect(await journaled()).toEqual(['doc'])
    await reopen()
    expect(await read('doc')).toBe('in the snapshot, in the journal')
    expect(await snapshots.store.read('doc')).toMatchObject({ epoch: 0, position: 1 })
  })

  it('that is open gets a snapshot once enough was edited', async () => {
    await open({ compactAfterBytes: 20_000 })
    const connection = await hocuspocus.openDirectConnection('doc')
    for (let i = 0; i < 9; i++)
      await connection.transact((document) => document.getText().insert(0, 'x'.repeat(2_000)))
    await eventually(journaled).toEqual(['doc'])
    expect(await snapshots.store.read('doc')).toBeUndefined()
    expect(snapshots.status.oldestUnstoredMs).toBeGreaterThan(0)
    await connection.transact((document) => document.getText().insert(0, 'x'.repeat(2_000)))
    await eventually(() => snapshots.store.read('doc')).toBeDefined()
    await connection.disconnect()
  })

  it('gets one by age, however little was edited', async () => {
    await open({ compactAfterMs: 50 })
    await write('doc', 'a')
    await eventually(journaled).toEqual([])
    expect(await read('doc')).toBe('a')
    await eventually(() => snapshots.status.oldestUnstoredMs).toBe(0)
  })

  it('gets one when it leaves memory after many edits, and none after few', async () => {
    await open()
    await write('few', 'a', 'b')
    await write('large', 'x'.repeat(70_000))
    await eventually(journaled).toEqual(['few'])
    expect(await read('large')).toHaveLength(70_000)
  })

  it('gets one after a start when an earlier process has left edits', async () => {
    await open()
    await write('small', 'left')
    await write('smaller', '.')
    await reopen({ compactAfterMs: 100 })
    await eventually(journaled).toEqual([])
    expect(await read('small')).toBe('left')
  })

  it('is trimmed after a start when the last process ended between the snapshot and the trim', async () => {
    await open()
    await write('doc', 'text')
    const [record] = await journal.read('doc')
    const connection = await hocuspocus.openDirectConnection('doc')
    const state = encodeStateAsUpdate(connection.document!)
    await snapshots.store.commit('doc', { state, position: record!.position }, undefined)
    await connection.disconnect()
    expect(await journaled()).toEqual(['doc'])
    await reopen({ compactAfterMs: 100 })
    await eventually(journaled).toEqual([])
    expect(await read('doc')).toBe('text')
  })

  it('keeps in the journal what is edited while its snapshot is made', async () => {
    const swap = Promise.withResolvers<void>()
    let swaps = 0
    await open(() => ({
      compactAfterBytes: 30,
      objects: altered({
        async put(key, ...rest) {
          if (key.endsWith('manifest.json') && swaps++ === 0) await swap.promise
          return objects.put(key, ...rest)
        },
      }),
    }))
    const connection = await hocuspocus.openDirectConnection('doc')
    const append = (text: string): Promise<void> =>
      connection.transact((document) => document.getText().insert(document.getText().length, text))
    await append('before, long enough for a snapshot;')
    await eventually(() => swaps).toBe(1)
    await append(' meanwhile')
    await eventually(async () => (await journal.read('doc')).length).toBe(2)
    const [first, second] = await journal.read('doc')
    swap.resolve()
    await eventually(() => snapshots.store.read('doc')).toBeDefined()
    const stored = (await snapshots.store.read('doc'))!
    expect(stored.position).toBe(first!.position)
    await eventually(async () => (await journal.read('doc', stored.position)).length).toBe(1)
    expect((await journal.read('doc', stored.position))[0]).toEqual(second)
    await connection.disconnect()
    await reopen()
    expect(await read('doc')).toBe('before, long enough for a snapshot; meanwhile')
  })
})

it('does not forget an edit that was not durable yet when its document was compacted', async () => {
  let reads = 0
  await open(() => ({
    compactAfterMs: 30,
    objects: altered({
      get(key) {
        reads += 1
        return objects.get(key)
      },
    }),
  }))
  const blocker = new DatabaseSync(join(folder, 'journal.sqlite'))
  blocker.exec('BEGIN IMMEDIATE')
  const connection = await hocuspocus.openDirectConnection('doc')
  const readsOfLoading = reads
  await connection.transact((document) => document.getText().insert(0, 'late'))
  await eventually(() => reads).toBeGreaterThan(readsOfLoading)
  expect(await journaled()).toEqual([])
  blocker.exec('ROLLBACK')
  blocker.close()
  await eventually(() => snapshots.store.read('doc')).toBeDefined()
  await eventually(journaled).toEqual([])
  await connection.disconnect()
})

describe('a store that fails', () => {
  it('loses nothing: it is tried again, the status says so, and it recovers by itself', async () => {
    let failing = true
    const log = new LogRecorder()
    const health: boolean[] = []
    let attempts = 0
    await open(() => ({
      compactAfterBytes: 1,
      firstRetryMs: 20,
      maxRetryMs: 100,
      logger: log,
      onStatus: ({ healthy }) => health.push(healthy),
      objects: altered({
        put: async (...args) => {
          attempts += 1
          if (failing) throw new Error('no space left')
          return objects.put(...args)
        },
      }),
    }))
    await write('doc', 'one')
    await write('other', 'two')
    await eventually(() => attempts).toBeGreaterThan(6)
    expect(snapshots.status).toMatchObject({
      healthy: false,
      failing: 2,
      corrupt: 0,
      lastError: 'no space left',
    })
    expect(snapshots.status.oldestUnstoredMs).toBeGreaterThan(20)
    expect(await journaled()).toEqual(['doc', 'other'])
    expect(await read('doc')).toBe('one')
    failing = false
    await eventually(journaled).toEqual([])
    await eventually(() => snapshots.status).toMatchObject({ healthy: true, failing: 0 })
    expect(snapshots.status.lastError).toBeUndefined()
    expect(health).toEqual([false, true])
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
    expect(await read('other')).toBe('two')
  })

  it('for one document holds no other up', async () => {
    let attempts = 0
    await open(() => ({
      compactAfterBytes: 1,
      firstRetryMs: 10,
      objects: altered({
        put: async (key, ...rest) => {
          if (!key.startsWith('documents/unlucky/')) return objects.put(key, ...rest)
          attempts += 1
          throw new Error('access denied')
        },
      }),
    }))
    await write('unlucky', 'one')
    await write('lucky', 'two')
    await eventually(journaled).toEqual(['unlucky'])
    await eventually(() => attempts).toBeGreaterThan(3)
    expect(snapshots.status).toMatchObject({ healthy: false, failing: 1 })
  })
})

describe('a corrupt document', () => {
  const damage = async (): Promise<void> => {
    const path = join(folder, 'objects/documents/damaged/snapshots')
    const [name] = await readdir(path)
    await truncate(join(path, name!), 40)
  }

  it('is reported once, by name, and the others get their snapshots', async () => {
    await open({ compactAfterBytes: 1 })
    await write('damaged', 'one')
    await write('sound', 'two')
    await eventually(journaled).toEqual([])
    await damage()
    await expect(hocuspocus.openDirectConnection('damaged')).rejects.toThrow(
      'CODRAFT_DOCUMENT_CORRUPT: damaged',
    )
    expect(await read('sound')).toBe('two')
    const update = Uint8Array.of(0, 0)
    await journal.whenDurable(journal.append('damaged', update))
    const log = new LogRecorder()
    await reopen({ compactAfterBytes: 1, firstRetryMs: 10, maxRetryMs: 10, logger: log })
    await write('sound', ', three')
    await eventually(journaled).toEqual(['damaged'])
    await eventually(() => snapshots.status).toMatchObject({ healthy: true, failing: 0, corrupt: 1 })
    expect(snapshots.status.lastError).toContain('damaged')
    expect(log.lines).toEqual([
      {
        level: 'error',
        details: { document: 'damaged', error: expect.stringContaining('CODRAFT_DOCUMENT_CORRUPT') },
        message: expect.any(String),
      },
    ])
  })

  it('is one whose snapshot is gone altogether, too', async () => {
    await open({ compactAfterBytes: 1 })
    await write('damaged', 'one')
    await eventually(journaled).toEqual([])
    await objects.delete('documents/damaged/manifest.json')
    await expect(hocuspocus.openDirectConnection('damaged')).rejects.toThrow('CODRAFT_JOURNAL_TRIMMED')
    await journal.whenDurable(journal.append('damaged', Uint8Array.of(0, 0)))
    await reopen({ compactAfterMs: 50 })
    await eventually(() => snapshots.status).toMatchObject({ healthy: true, corrupt: 1 })
    expect(await journaled()).toEqual(['damaged'])
  })
})

describe('the end of the process', () => {
  it('waits for the compaction under way and begins no other', async () => {
    const swap = Promise.withResolvers<void>()
    let swaps = 0
    await open(() => ({
      compactAfterBytes: 1,
      objects: altered({
        async put(key, ...rest) {
          if (key.endsWith('manifest.json') && swaps++ === 0) await swap.promise
          return objects.put(key, ...rest)
        },
      }),
    }))
    await write('first', 'a')
    await eventually(() => swaps).toBe(1)
    await write('second', 'b')
    const stopped = snapshots.onDestroy()
    swap.resolve()
    await stopped
    expect(await journaled()).toEqual(['second'])
  })

  it('waits no longer than it may', async () => {
    await open(() => ({ compactAfterBytes: 1, objects: altered({ put: () => new Promise(() => {}) }) }))
    await write('doc', 'a')
    await snapshots.stop(20)
    expect(await journaled()).toEqual(['doc'])
  })
})

it('reports each compaction', async () => {
  const reports: object[] = []
  await open({ compactAfterBytes: 1, onCompacted: (report) => reports.push(report) })
  await write('doc', 'a')
  await eventually(() => reports).toHaveLength(1)
  expect(reports[0]).toEqual({
    documentName: 'doc',
    records: 1,
    stateBytes: expect.any(Number),
    durationMs: expect.any(Number),
  })
})
