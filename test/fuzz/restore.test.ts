import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pace } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Y from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { SqliteJournal, readStoredDocument } from '../../extensions/journal/index.ts'
import { FolderObjectStore, SnapshotStore } from '../../extensions/snapshots/index.ts'
import { connectHocuspocus, type HocuspocusClient } from '../helpers/clients.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const writers = 24
const rounds = Number(process.env['CODRAFT_ROUNDS'] ?? 12)
const name = 'storm'

let dataDir: string
let server: TestServer
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'codraft-restore-'))
  server = await startServer({ dataDir, env: { COMPACT_AFTER_BYTES: '2048' } })
})
afterEach(async () => {
  await server.close()
  await rm(dataDir, { recursive: true })
})

const merged = (...updates: readonly Uint8Array[]): Uint8Array => {
  const document = new Y.Doc()
  document.transact(() => updates.forEach((update) => Y.applyUpdate(document, update)))
  return Y.encodeStateAsUpdate(document)
}

/** Compacts the document again and again, beside the server and all others, until `signal` is aborted. */
const compact = async (
  journal: SqliteJournal,
  objects: FolderObjectStore,
  signal: AbortSignal,
): Promise<number> => {
  const store = new SnapshotStore({ objects, journalId: journal.id, merge: async (a, b) => merged(a, b) })
  let commits = 0
  while (!signal.aborted) {
    // All of them, and the editors, share one thread with the answers of the server.
    await pace(100 * Math.random())
    try {
      const base = await store.read(name)
      const records = await journal.read(name, base?.position)
      const position = records.at(-1)?.position
      if (position === undefined) continue
      const state = merged(...(base ? [base.state] : []), ...records.flatMap(({ updates }) => updates))
      await store.commit(name, { state, position }, base)
      commits += 1
    } catch (error) {
      // Another one has trimmed between the two reads, or has come first again and again.
      const code = error instanceof CodraftError ? error.errorCode : undefined
      if (code !== 'CODRAFT_JOURNAL_TRIMMED' && code !== 'CODRAFT_STORE_CONFLICT') throw error
    }
  }
  return commits
}

/** Types at a random place of the document until `signal` is aborted; another author may have removed it meanwhile. */
const type = async (
  { document }: HocuspocusClient,
  random: () => number,
  signal: AbortSignal,
): Promise<number> => {
  const fragment = document.getXmlFragment('default')
  let edits = 0
  while (!signal.aborted) {
    await pace(1)
    const paragraph = fragment.get(Math.floor(random() * fragment.length))
    const text = paragraph instanceof Y.XmlElement ? paragraph.get(0) : undefined
    if (!(text instanceof Y.XmlText)) continue
    const at = Math.floor(random() * (text.length + 1))
    if (random() < 0.2 && at < text.length) text.delete(at, 1)
    else text.insert(at, String.fromCharCode(97 + Math.floor(random() * 26)))
    edits += 1
  }
  return edits
}

const seed = randomSeed()
it(`typing, restoring, replacing and ${writers} compactions at once converge and lose nothing that was acknowledged (seed ${seed})`, async () => {
  const random = seededRandom(seed)
  const ada = await restClient(server, 'ada')
  const put = (body: string) =>
    ada.put(documentPath(name), { body, headers: { 'content-type': 'text/markdown' } })
  expect((await put('One.\n\nTwo.\n\nThree.\n')).status).toBe(201)
  const journal = await SqliteJournal.open({ path: join(dataDir, 'journal.sqlite') })
  const objects = await FolderObjectStore.open({ root: join(dataDir, 'objects') })
  await using ann = await connectHocuspocus(server, name, { user: 'ann' })
  await using bob = await connectHocuspocus(server, name, { user: 'bob' })
  await expect.poll(() => ann.isSaved && bob.isSaved).toBe(true)

  const ended = new AbortController()
  const typing = [ann, bob].map((editor) => type(editor, random, ended.signal))
  const compacting = Array.from({ length: writers }, () => compact(journal, objects, ended.signal))
  const versions: string[] = []
  for (let round = 0; round < rounds; round++) {
    const kept = await ada.post(documentPath(name, '/versions'), { body: {} })
    expect(kept.status).toBe(201)
    versions.push(kept.json['id'] as string)
    const paragraphs = Array.from({ length: 2 + Math.floor(random() * 4) }, (_, i) => `Round ${round}, ${i}.`)
    const answer =
      random() < 0.5
        ? await put(`${paragraphs.join('\n\n')}\n`)
        : await ada.post(
            documentPath(name, `/versions/${versions[Math.floor(random() * versions.length)]}/restore`),
          )
    expect(answer.status).toBe(200)
  }
  ended.abort()
  const edits = await Promise.all(typing)
  const commits = (await Promise.all(compacting)).reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `seed ${seed}: ${edits.join(' + ')} edits, ${rounds} replacements, ${commits} compactions\n`,
  )
  expect(Math.min(...edits)).toBeGreaterThan(100)
  expect(commits).toBeGreaterThan(writers)

  await expect.poll(() => ann.isSaved && bob.isSaved, { timeout: 60_000 }).toBe(true)
  expect(ann.closeCodes).toEqual([])
  const content = (document: Y.Doc): string => document.getXmlFragment('default').toJSON()
  await expect.poll(() => content(ann.document), { timeout: 60_000 }).toBe(content(bob.document))

  // The sockets end before the kill, so that nothing can be sent again afterwards.
  ann.provider.destroy()
  bob.provider.destroy()
  await server.restart('SIGKILL')
  const stored = new Y.Doc()
  const { bytes } = await ada.get(documentPath(name), { query: { format: 'update' } })
  Y.applyUpdate(stored, bytes)
  expect(content(stored)).toBe(content(ann.document))
  const clocks = Y.decodeStateVector(Y.encodeStateVector(stored))
  for (const { document } of [ann, bob])
    expect(clocks.get(document.clientID)).toBe(Y.getState(document.store, document.clientID))

  const snapshots = new SnapshotStore({ objects, journalId: journal.id, merge: async (a, b) => merged(a, b) })
  const { state, updates } = await readStoredDocument({ journal, base: (of) => snapshots.read(of) }, name)
  const read = new Y.Doc()
  Y.applyUpdate(read, merged(...(state ? [state] : []), ...updates))
  expect(content(read)).toBe(content(stored))
  objects.close()
  await journal.close()
})
