import { setTimeout as delay } from 'node:timers/promises'
import { CodraftError } from '../errors.ts'
import type { Journal, Position, ReplayBase } from '../journal/Journal.ts'
import {
  decodeManifest,
  encodeManifest,
  rememberedEdits,
  type Manifest,
  type SnapshotReference,
} from './manifest.ts'
import {
  dataKeyPrefix,
  manifestKey,
  parseSnapshotKey,
  snapshotKey,
  snapshotKeyPrefix,
  type SnapshotKeyParts,
} from './object-keys.ts'
import type { ObjectStore, StoredObject, VersionTag } from './ObjectStore.ts'
import { decodeSnapshot, encodeSnapshot, sha256 } from './snapshot-format.ts'

export interface SnapshotStoreOptions {
  readonly objects: ObjectStore
  /**
   * The journal whose positions are read and written, {@link Journal.id}. Of a snapshot that includes nothing of this
   * journal the position is 0, so that all of the journal is replayed over it.
   */
  readonly journalId: Journal['id']
  /** The Yjs state (V1) that holds all of two states; called when two writers have stored different ones. */
  readonly merge: (a: Uint8Array, b: Uint8Array) => Promise<Uint8Array>
}

type ManifestContent = Pick<Manifest, 'epoch' | 'positions' | 'snapshot'> & Pick<ReplayBase, 'edits'>

/** What is stored of a document, and the version of it that a {@link SnapshotStore.commit} replaces. */
export interface StoredSnapshot extends ReplayBase {
  readonly epoch: number
  /** Version of the manifest. */
  readonly tag: VersionTag
  /** The object that holds the state; undefined when the document was erased. */
  readonly key?: string
  /** Positions in all journals that the state includes, by the journal's id. */
  readonly positions: Manifest['positions']
}

const maxAttempts = 20
const firstBackoffMs = 5
const maxBackoffMs = 500
/** Age from which an unreferenced object cannot belong to a commit under way, ms. */
const orphanedAfterMs = 60 * 60_000
/** The Yjs state of an empty document: no structs, no deletions. */
const emptyState = Uint8Array.of(0, 0)

/**
 * The newest state of each document: an immutable object, and a manifest that refers to it and is changed by
 * compare-and-swap. Any number of processes may commit at the same time, without a lock: states only add, so that
 * the one who comes second merges. Erasure does not commute; it raises the epoch, and older epochs are refused.
 */
export class SnapshotStore {
  readonly #objects: ObjectStore
  readonly #journalId: string
  readonly #merge: SnapshotStoreOptions['merge']

  constructor({ objects, journalId, merge }: SnapshotStoreOptions) {
    this.#objects = objects
    this.#journalId = journalId
    this.#merge = merge
  }

  /**
   * The stored state; undefined when nothing was ever stored. Rejects with CODRAFT_DOCUMENT_CORRUPT when a part is
   * missing or fails its checksum: a damaged document never looks like an empty one.
   */
  async read(documentName: string): Promise<StoredSnapshot | undefined> {
    return this.#read(documentName)
  }

  /**
   * Stores a state that includes `base`, what {@link read} had returned, and the journal up to `next.position`.
   * When others have committed meanwhile, their state is merged in. Resolves to what is stored then; its position is
   * the one up to which the journal may be trimmed. Rejects with
   * - CODRAFT_DOCUMENT_ERASED when the document was erased after `base` was read: nothing was stored;
   * - CODRAFT_STORE_CONFLICT when others came first again and again.
   */
  async commit(
    documentName: string,
    next: ReplayBase,
    base: StoredSnapshot | undefined,
  ): Promise<StoredSnapshot> {
    const epoch = base?.epoch ?? 0
    let { state, position } = next
    let positions = base?.positions ?? {}
    let edits = rememberedEdits(next.edits ?? [])
    let replaced = base
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const snapshot = await this.#writeObject(documentName, epoch, state)
      positions = { ...positions, [this.#journalId]: position }
      const tag = await this.#swap(documentName, { epoch, positions, snapshot, edits }, replaced?.tag)
      if (tag) {
        await this.#discard(replaced?.key)
        return { state, position, positions, edits, epoch, tag, key: snapshot.key }
      }
      await delay(backoffMs(attempt))
      const current = await this.read(documentName)
      if (current?.key === snapshot.key) {
        // The swap had succeeded; a driver that repeats a request may lose the first answer.
        await this.#discard(replaced?.key)
        return current
      }
      await this.#discard(snapshot.key)
      if ((current?.epoch ?? 0) > epoch) throw new CodraftError('CODRAFT_DOCUMENT_ERASED', documentName)
      if (current) {
        state = await this.#merge(current.state, state)
        position = Math.max(current.position, position)
        positions = { ...positions, ...current.positions }
        edits = rememberedEdits(current.edits ?? [], edits)
        if (position === current.position && Buffer.compare(state, current.state) === 0) return current
      }
      replaced = current
    }
    throw new CodraftError('CODRAFT_STORE_CONFLICT', documentName)
  }

  /**
   * Removes every stored state and raises the epoch. The journal up to `position` counts as erased and is not
   * replayed any more; trimming it is the caller's part. May be repeated when it rejects.
   *
   * @returns the new epoch
   */
  async erase(documentName: string, position: Position): Promise<number> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const current = await this.#readManifest(documentName)
      const epoch = (current?.manifest.epoch ?? 0) + 1
      const positions = { ...current?.manifest.positions, [this.#journalId]: position }
      if (await this.#swap(documentName, { epoch, positions, snapshot: null }, current?.tag)) {
        await this.#deleteKeys(documentName, epoch)
        await this.#deleteObjects(documentName, (parts) => parts.epoch < epoch)
        return epoch
      }
      await delay(backoffMs(attempt))
    }
    throw new CodraftError('CODRAFT_STORE_CONFLICT', documentName)
  }

  /** Deletes objects that a process has written an hour or more ago and died before it could refer to them. */
  async deleteOrphans(documentName: string): Promise<void> {
    const current = await this.#readManifest(documentName)
    const oldest = Date.now() - orphanedAfterMs
    await this.#deleteObjects(
      documentName,
      (parts, key) => parts.writtenAt < oldest && key !== current?.manifest.snapshot?.key,
    )
  }

  /** `missingKey`: the object that an earlier manifest had referred to and that was not there. */
  async #read(documentName: string, missingKey?: string): Promise<StoredSnapshot | undefined> {
    const current = await this.#readManifest(documentName)
    if (!current) return undefined
    const { manifest, tag } = current
    const { epoch, positions, snapshot } = manifest
    const edits = (manifest.edits ?? []).map(([userId, opId]) => ({ userId, opId }))
    const stored = { epoch, positions, position: positions[this.#journalId] ?? 0, edits, tag }
    if (!snapshot) return { ...stored, state: emptyState }
    const { key } = snapshot
    const object = await this.#get(documentName, key)
    if (object) return { ...stored, state: await this.#decode(documentName, snapshot, object.body), key }
    if (key === missingKey) throw corrupt(documentName, key, 'the file is missing')
    // Its successor may have been committed, and the object deleted, after the manifest was read.
    return this.#read(documentName, key)
  }

  async #readManifest(documentName: string): Promise<{ manifest: Manifest; tag: VersionTag } | undefined> {
    const key = manifestKey(documentName)
    const object = await this.#get(documentName, key)
    if (!object) return undefined
    try {
      return { manifest: decodeManifest(object.body, documentName), tag: object.tag }
    } catch (error) {
      throw corrupt(documentName, key, error)
    }
  }

  async #get(documentName: string, key: string): Promise<StoredObject | undefined> {
    try {
      return await this.#objects.get(key)
    } catch (error) {
      throw isCorrupt(error) ? corrupt(documentName, key, 'the file is damaged') : error
    }
  }

  async #decode(
    documentName: string,
    { key, sha256: expected }: SnapshotReference,
    body: Uint8Array,
  ): Promise<Uint8Array> {
    try {
      if ((await sha256(body)) !== expected) throw new Error('the checksum differs')
      return await decodeSnapshot(body)
    } catch (error) {
      throw corrupt(documentName, key, error)
    }
  }

  async #writeObject(documentName: string, epoch: number, state: Uint8Array): Promise<SnapshotReference> {
    const body = await encodeSnapshot(state)
    const hash = await sha256(body)
    for (;;) {
      const key = snapshotKey(documentName, { epoch, writtenAt: Date.now(), sha256: hash })
      if (await this.#objects.put(key, body, 'absent')) return { key, sha256: hash, bytes: body.length }
      // Another writer has stored the same state in the same millisecond; each needs an object of its own.
      await delay(1)
    }
  }

  #swap(
    documentName: string,
    { edits = [], ...content }: ManifestContent,
    replaced: VersionTag | undefined,
  ): Promise<VersionTag | undefined> {
    const manifest: Manifest = {
      format: 1,
      documentName,
      ...content,
      ...(edits.length > 0 && { edits: edits.map(({ userId = '', opId = '' }) => [userId, opId]) }),
      updatedAt: new Date().toISOString(),
    }
    const condition = replaced === undefined ? 'absent' : { tag: replaced }
    return this.#objects.put(manifestKey(documentName), encodeManifest(manifest), condition)
  }

  /** Deletes an object that no manifest refers to; one that cannot be deleted is an orphan, and harmless. */
  async #discard(key: string | undefined): Promise<void> {
    if (key !== undefined) await this.#objects.delete(key).catch(() => undefined)
  }

  /** Of an encrypted store, those of older epochs: copies of what they have encrypted become unreadable. */
  async #deleteKeys(documentName: string, epoch: number): Promise<void> {
    const prefix = dataKeyPrefix(documentName)
    for await (const key of this.#objects.list(prefix))
      if (Number(key.slice(prefix.length)) < epoch) await this.#objects.delete(key)
  }

  async #deleteObjects(
    documentName: string,
    isObsolete: (parts: SnapshotKeyParts, key: string) => boolean,
  ): Promise<void> {
    for await (const key of this.#objects.list(snapshotKeyPrefix(documentName))) {
      const parts = parseSnapshotKey(key)
      if (parts && isObsolete(parts, key)) await this.#objects.delete(key)
    }
  }
}

const isCorrupt = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_DOCUMENT_CORRUPT'

const corrupt = (documentName: string, key: string, cause: unknown): CodraftError =>
  new CodraftError(
    'CODRAFT_DOCUMENT_CORRUPT',
    `${documentName}: ${key}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  )

/** Wait before the next attempt, ms; random, so that writers who met once do not meet again. */
const backoffMs = (attempt: number): number =>
  Math.random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** attempt)
