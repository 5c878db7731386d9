import { randomUUID } from 'node:crypto'
import type { PublishedPositions } from '../../extensions/events/index.ts'
import type { Position } from '../../extensions/journal/index.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'

/** An instance that ends without a word leaves its documents to others after this, ms. */
const leaseMs = 10_000

interface Held {
  position: Position
  leaseUntil: number
}

/** Published positions in the store, each in the shard of its document. */
export class SqlPublishedPositions implements PublishedPositions {
  readonly #store: Store
  readonly #journal: string
  readonly #holder: string
  /** What this instance holds: most claims need no query. */
  readonly #held = new Map<string, Held>()

  /**
   * Positions count in one journal; those of another mean nothing in it. A journal that only this process has names
   * itself as the `holder`: what an earlier process held is its own at once.
   */
  constructor(store: Store, journalId: string, holder: string = randomUUID()) {
    this.#store = store
    this.#journal = journalId
    this.#holder = holder
  }

  async claim(documentNames: readonly string[]): Promise<Map<string, Position>> {
    const now = Date.now()
    const positions = new Map<string, Position>()
    for (const [db, names] of this.#byShard(documentNames)) {
      const unsure: string[] = []
      for (const name of names) {
        const held = this.#held.get(name)
        if (held && held.leaseUntil - leaseMs / 2 > now) positions.set(name, held.position)
        else unsure.push(name)
      }
      if (unsure.length === 0) continue
      for (const [name, position] of await this.#take(db, unsure, now)) positions.set(name, position)
    }
    return positions
  }

  async save(positions: ReadonlyMap<string, Position>): Promise<void> {
    for (const [db, names] of this.#byShard(positions.keys())) {
      await db.transaction().execute(async (tx) => {
        for (const documentName of names.toSorted()) {
          await tx
            .updateTable('publishedPositions')
            .set({ position: positions.get(documentName) as Position })
            .where('documentName', '=', documentName)
            .where('holder', '=', this.#holder)
            .execute()
        }
      })
      for (const name of names) {
        const held = this.#held.get(name)
        if (held) held.position = positions.get(name) as Position
      }
    }
  }

  async read(documentName: string): Promise<Position> {
    const row = await this.#store
      .of(documentName)
      .selectFrom('publishedPositions')
      .select('position')
      .where('documentName', '=', documentName)
      .where('journal', '=', this.#journal)
      .executeTakeFirst()
    return row?.position ?? 0
  }

  #take(db: StoreDatabase, names: readonly string[], now: number): Promise<[string, Position][]> {
    const leaseUntil = now + leaseMs
    this.#forget(now)
    return db.transaction().execute(async (tx) => {
      const taken: [string, Position][] = []
      // In one order: instances that claim the same documents must not wait for each other.
      for (const documentName of names.toSorted()) {
        const mine = { holder: this.#holder, leaseUntil }
        const row = await tx
          .insertInto('publishedPositions')
          .values({ documentName, journal: this.#journal, position: 0, ...mine })
          .onConflict((conflict) =>
            conflict
              .column('documentName')
              .doUpdateSet(({ eb, ref }) => ({
                ...mine,
                journal: this.#journal,
                position: eb
                  .case()
                  .when('publishedPositions.journal', '=', this.#journal)
                  .then(ref('publishedPositions.position'))
                  .else(0)
                  .end(),
              }))
              .where(({ or, eb }) =>
                or([
                  eb('publishedPositions.holder', '=', this.#holder),
                  eb('publishedPositions.leaseUntil', '<', now),
                ]),
              ),
          )
          .returning('position')
          .executeTakeFirst()
        if (!row) continue
        taken.push([documentName, row.position])
        this.#held.set(documentName, { position: row.position, leaseUntil })
      }
      return taken
    })
  }

  #forget(now: number): void {
    for (const [name, { leaseUntil }] of this.#held) if (leaseUntil < now) this.#held.delete(name)
  }

  #byShard(documentNames: Iterable<string>): Map<StoreDatabase, string[]> {
    return Map.groupBy(documentNames, (name) => this.#store.of(name))
  }
}
