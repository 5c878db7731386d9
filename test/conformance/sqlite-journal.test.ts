import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteJournal } from '../../extensions/journal/index.ts'
import { journalConformance } from './journal.ts'

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'codraft-journal-'))

journalConformance('SQLite', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'journal.sqlite')
  let journal = await SqliteJournal.open({ path })
  return {
    journal,
    async reopen() {
      await journal.close()
      journal = await SqliteJournal.open({ path })
      return journal
    },
    async dispose() {
      await journal.close()
      await rm(folder, { recursive: true })
    },
  }
})

describe('SQLite journal in trouble', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    path = join(folder, 'journal.sqlite')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('keeps edits that cannot be written, says so, and writes them in order once it can', async () => {
    const journal = await SqliteJournal.open({ path, gatherMs: 0 })
    const health: boolean[] = []
    journal.onStatus((status) => health.push(status.healthy))
    const blocker = new DatabaseSync(path)
    blocker.exec('BEGIN EXCLUSIVE')
    const first = journal.append('doc', Uint8Array.of(1))
    await expect.poll(() => journal.status.healthy).toBe(false)
    const second = journal.append('doc', Uint8Array.of(2))
    expect(journal.durableTicket).toBeLessThan(first)
    expect(journal.status).toMatchObject({ pendingBytes: 2, error: expect.stringContaining('locked') })
    blocker.exec('ROLLBACK')
    blocker.close()
    await journal.whenDurable(second)
    expect(health).toEqual([false, true])
    expect(
      (await journal.read('doc')).flatMap((record) => record.updates.map((update) => update[0])),
    ).toEqual([1, 2])
    await journal.close()
  })

  it('says when it closes what it could not write', async () => {
    const journal = await SqliteJournal.open({ path, gatherMs: 0 })
    const blocker = new DatabaseSync(path)
    blocker.exec('BEGIN EXCLUSIVE')
    journal.append('doc', Uint8Array.of(1))
    await expect(journal.close()).rejects.toThrow('CODRAFT_JOURNAL_UNAVAILABLE')
    blocker.close()
  })

  it('reports a damaged record with the name of its document and reads the others', async () => {
    const journal = await SqliteJournal.open({ path, gatherMs: 0 })
    await journal.whenDurable(journal.append('damaged', Uint8Array.of(1, 2, 3)))
    await journal.whenDurable(journal.append('sound', Uint8Array.of(4)))
    const other = new DatabaseSync(path)
    other.exec(
      `UPDATE records SET body = x'03010203ff' WHERE document = (SELECT id FROM documents WHERE name = 'damaged')`,
    )
    other.close()
    await expect(journal.read('damaged')).rejects.toThrow(
      /CODRAFT_DOCUMENT_CORRUPT: damaged: journal record \d+/,
    )
    expect(await journal.read('sound')).toHaveLength(1)
    await journal.close()
  })

  it('goes on with a file from before records had metadata', async () => {
    const old = new DatabaseSync(path)
    old.exec(`
      CREATE TABLE journal (id TEXT NOT NULL) STRICT;
      CREATE TABLE documents (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, trimmed INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE TABLE records (
        position INTEGER PRIMARY KEY AUTOINCREMENT, document INTEGER NOT NULL REFERENCES documents (id),
        checksum INTEGER NOT NULL, body BLOB NOT NULL
      ) STRICT;
      INSERT INTO journal VALUES ('the old one');
      INSERT INTO documents (name) VALUES ('doc');
    `)
    const body = Uint8Array.of(2, 7, 8, 1, 9)
    old.prepare('INSERT INTO records (document, checksum, body) VALUES (1, ?, ?)').run(crc32(body), body)
    old.close()
    const journal = await SqliteJournal.open({ path, gatherMs: 0 })
    expect(journal.id).toBe('the old one')
    await journal.whenDurable(journal.append('doc', Uint8Array.of(3), { userId: 'ann' }))
    expect(await journal.read('doc')).toEqual([
      { position: 1, updates: [Uint8Array.of(7, 8), Uint8Array.of(9)], origins: [{}, {}] },
      {
        position: 2,
        time: expect.any(Number),
        updates: [Uint8Array.of(3)],
        origins: [{ userId: 'ann' }],
      },
    ])
    await journal.close()
  })

  it('leaves no byte of an erased document in its files, not of what was trimmed either', async () => {
    const secret = 'a sentence that nobody may find'
    const holds = async (): Promise<boolean> => {
      const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file))))
      return files.some((file) => file.includes(secret))
    }
    const journal = await SqliteJournal.open({ path, gatherMs: 0 })
    const update = Buffer.from(secret.repeat(500))
    for (let i = 0; i < 20; i++) await journal.whenDurable(journal.append('doc', update))
    const records = await journal.read('doc')
    await journal.trim('doc', records[9]!.position)
    expect(await holds()).toBe(true)
    await journal.erase('doc')
    await journal.whenDurable(journal.append('doc', update))
    expect(await holds()).toBe(false)
    await journal.close()
    expect(await holds()).toBe(false)
  })

  it('leaves a file of a newer version alone', async () => {
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    await expect(SqliteJournal.open({ path })).rejects.toThrow(/CODRAFT_SCHEMA_NEWER.*version 99/)
  })
})
