import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import type { ErrorCode } from '../errors.ts'
import type { Position } from './Journal.ts'
import { pack, unpack } from './packed.ts'
import type { FromWorker, JournalQueries, RecordsToWrite, ToWorker } from './sqlite-protocol.ts'

/** Waits between two attempts at a commit that fails, ms. */
const firstRetryMs = 100
const maxRetryMs = 5_000
/** How long SQLite itself waits for a lock that another process holds, ms. */
const busyTimeoutMs = 200

const port = parentPort
if (!port) throw new Error('sqlite-worker.ts runs in a worker thread')
const post = (message: FromWorker): void => port.postMessage(message)

/** Kept in the file as `user_version`. A file of version 0 has the same tables; its records have no metadata. */
const schemaVersion = 2

const { path } = workerData as { path: string }
const database = new DatabaseSync(path)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA busy_timeout = ${busyTimeoutMs};
`)
const foundVersion = database.prepare('PRAGMA user_version').get()?.['user_version'] as number
if (foundVersion > schemaVersion) {
  const error = `${path} has schema version ${foundVersion}, this version of codraft knows ${schemaVersion}`
  post({ kind: 'unopened', errorCode: 'CODRAFT_SCHEMA_NEWER', error })
  process.exit()
}
const hasDocuments = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'documents'`).get()
const addErased =
  hasDocuments && foundVersion < 2
    ? 'ALTER TABLE documents ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;'
    : ''
database.exec(`
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS journal (id TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    trimmed INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE IF NOT EXISTS records (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents (id),
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS records_of_document ON records (document, position);
  ${addErased}
  PRAGMA user_version = ${schemaVersion};
  COMMIT;
`)

const statements = {
  begin: database.prepare('BEGIN IMMEDIATE'),
  commit: database.prepare('COMMIT'),
  rollback: database.prepare('ROLLBACK'),
  addDocument: database.prepare('INSERT INTO documents (name) VALUES (?) ON CONFLICT DO NOTHING'),
  documentId: database.prepare('SELECT id FROM documents WHERE name = ?'),
  addRecord: database.prepare(`
    INSERT INTO records (document, checksum, body)
    SELECT id, ?2, ?3 FROM documents WHERE id = ?1 AND erased = 0`),
  read: database.prepare(
    'SELECT position, checksum, body FROM records WHERE document = ? AND position > ? ORDER BY position',
  ),
  document: database.prepare('SELECT trimmed, erased FROM documents WHERE id = ?'),
  noteErasure: database.prepare('UPDATE documents SET erased = 1 WHERE id = ?'),
  erase: database.prepare('DELETE FROM records WHERE document = ?'),
  noteTrim: database.prepare(`
    UPDATE documents SET trimmed = max(trimmed, (
      SELECT coalesce(max(position), 0) FROM records WHERE document = documents.id AND position <= ?2
    )) WHERE id = ?1`),
  trim: database.prepare('DELETE FROM records WHERE document = ? AND position <= ?'),
  tails: database.prepare(`
    SELECT name AS documentName, count(*) AS records, sum(length(body)) AS bytes
    FROM records JOIN documents ON documents.id = records.document GROUP BY documents.id`),
}

const documentId = (name: string): number | undefined =>
  statements.documentId.get(name)?.['id'] as number | undefined

const knownIds = new Map<string, number>()
const addedId = (name: string): number => {
  let id = knownIds.get(name)
  if (id === undefined) {
    statements.addDocument.run(name)
    id = documentId(name) as number
    knownIds.set(name, id)
  }
  return id
}

interface StoredRecord {
  readonly position: Position
  readonly checksum: number
  readonly body: Uint8Array
}

/** A refusal that keeps its code on the way to the main thread. */
class Refusal extends Error {
  readonly errorCode: ErrorCode
  constructor(errorCode: ErrorCode, detail: string) {
    super(detail)
    this.errorCode = errorCode
  }
}

const inTransaction = (work: () => void): void => {
  statements.begin.run()
  try {
    work()
    statements.commit.run()
  } catch (error) {
    // Ids given in a transaction that is rolled back must not be remembered.
    knownIds.clear()
    if (database.isTransaction) statements.rollback.run()
    throw error
  }
}

/** Returns the documents that have been erased: nothing of theirs was written. */
const write = ({ documentNames, bodies }: RecordsToWrite): string[] => {
  const erased: string[] = []
  inTransaction(() => {
    for (const [index, body] of unpack(bodies).entries()) {
      const documentName = documentNames[index] as string
      const { changes } = statements.addRecord.run(addedId(documentName), crc32(body), body)
      if (changes === 0) erased.push(documentName)
    }
  })
  return erased
}

const commit = (records: RecordsToWrite, retryMs = firstRetryMs): void => {
  let erased: string[]
  try {
    erased = write(records)
  } catch (error) {
    post({ kind: 'failing', error: error instanceof Error ? error.message : String(error) })
    setTimeout(commit, retryMs, records, Math.min(retryMs * 2, maxRetryMs))
    return
  }
  post({ kind: 'committed', erased })
}

const queries: {
  [Q in keyof JournalQueries]: (...args: JournalQueries[Q]['args']) => JournalQueries[Q]['result']
} = {
  read(documentName, after) {
    const id = documentId(documentName)
    if (id === undefined) return { positions: [], bodies: pack([]) }
    const { trimmed, erased } = statements.document.get(id) as { trimmed: number; erased: number }
    if (erased) throw new Refusal('CODRAFT_DOCUMENT_ERASED', documentName)
    if (after < trimmed) {
      const detail = `${documentName}: read from ${after}, but trimmed up to ${trimmed}`
      throw new Refusal('CODRAFT_JOURNAL_TRIMMED', detail)
    }
    const positions: Position[] = []
    const bodies: Uint8Array[] = []
    for (const row of statements.read.iterate(id, after)) {
      const { position, checksum, body } = row as unknown as StoredRecord
      if (crc32(body) !== checksum) {
        const detail = `${documentName}: journal record ${position} fails its checksum`
        throw new Refusal('CODRAFT_DOCUMENT_CORRUPT', detail)
      }
      positions.push(position)
      bodies.push(body)
    }
    return { positions, bodies: pack(bodies) }
  },
  trim(documentName, upTo) {
    const id = documentId(documentName)
    if (id === undefined) return null
    inTransaction(() => {
      statements.noteTrim.run(id, upTo)
      statements.trim.run(id, upTo)
    })
    return null
  },
  erase(documentName) {
    inTransaction(() => {
      const id = addedId(documentName)
      statements.noteErasure.run(id)
      statements.erase.run(id)
    })
    // The write-ahead log of SQLite still has the pages as they were.
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
    if (busy) throw new Error('another process reads the journal, so that its log cannot be emptied yet')
    return null
  },
  tails: () => statements.tails.all() as unknown as JournalQueries['tails']['result'],
  close() {
    database.close()
    return null
  },
}

const answer = (question: Exclude<ToWorker, { kind: 'commit' }>): void => {
  const { id, kind, args } = question
  try {
    const run = queries[kind] as (...args: readonly unknown[]) => unknown
    post({ kind: 'answer', id, result: run(...args) })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    post({
      kind: 'refusal',
      id,
      error: text,
      ...(error instanceof Refusal && { errorCode: error.errorCode }),
    })
  }
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'commit') commit(message.records)
  else answer(message)
})
const journalId = (): string => {
  database
    .prepare('INSERT INTO journal (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM journal)')
    .run(randomUUID())
  return database.prepare('SELECT id FROM journal').get()?.['id'] as string
}
post({ kind: 'ready', journalId: journalId() })
