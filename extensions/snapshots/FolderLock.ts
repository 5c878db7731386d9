import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** Longest wait for other processes, ms; they hold the lock for less than a millisecond. */
const maxWaitMs = 10_000
const maxPollMs = 5
const sqliteBusy = 5

/**
 * Mutual exclusion between all processes of a machine, and all threads of a process, that open the same lock file.
 *
 * It is SQLite's file lock: the kernel ties it to the process, so that one that is killed leaves no stale lock
 * behind. Lock files made by hand would have to be broken by guesses about process ids, which containers that share
 * a folder do not share. The database stays empty and is never written.
 */
export class FolderLock {
  readonly #path: string
  readonly #database: DatabaseSync

  /** @throws Error when the file cannot be opened or made */
  constructor(path: string) {
    this.#path = path
    this.#database = new DatabaseSync(path, { timeout: maxWaitMs })
    // A database without any page would get its first one, and a rollback file, at every acquisition.
    if (this.#database.prepare('PRAGMA user_version').get()?.['user_version'] === 0)
      this.#database.exec('PRAGMA user_version = 1')
    this.#database.exec('PRAGMA busy_timeout = 0')
  }

  /**
   * Runs `action` while nobody else runs one. It is synchronous so that the lock is held for microseconds and the
   * callers within a process never wait for each other.
   */
  async run<T>(action: () => T): Promise<T> {
    const deadline = performance.now() + maxWaitMs
    while (!this.#acquire()) {
      if (performance.now() > deadline) throw new Error(`${this.#path} is locked by another process`)
      await delay(Math.random() * maxPollMs)
    }
    try {
      return action()
    } finally {
      this.#database.exec('ROLLBACK')
    }
  }

  close(): void {
    this.#database.close()
  }

  #acquire(): boolean {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if ((error as { errcode?: number }).errcode === sqliteBusy) return false
      throw error
    }
  }
}
