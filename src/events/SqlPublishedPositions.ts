import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { PublishedPositions } from '../../extensions/events/index.ts'
import type { Position } from '../../extensions/journal/index.ts'
import { inGroups } from '../store/row-groups.ts'
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
    for (const [db, shardNames] of this.#byShard(positions.keys())) {
      for (const names of inGroups(shardNames.toSorted())) {
        // PostgreSQL takes a parameter that says nothing of its type for text.
        const cases = names.map((name) => sql`when ${name} then cast(${positions.get(name)} as bigint)`)
        await db
          .updateTable('publishedPositions')
          .set(({ ref }) => ({
            position: sql<number>`case ${ref('documentName')} ${sql.join(cases, sql` `)} end`,
          }))
          .where('documentName', 'in', names)
          .where('holder', '=', this.#holder)
          .execute()
      }
      for (const name of shardNames) {
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

  async #take(db: StoreDatabase, names: readonly string[], now: number): Promise<[string, Position][]> {
    const mine = { holder: this.#holder, leaseUntil: now + leaseMs }
    this.#forget(now)
    const taken: [string, Position][] = []
    // In one order: instances that claim the same documents must not wait for each other.
    for (const group of inGroups(names.toSorted())) {
      const rows = await db
        .insertInto('publishedPositions')
        .values(group.map((documentName) => ({ documentName, journal: this.#journal, position: 0, ...mine })))
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
        .returning(['documentName', 'position'])
        .execute()
      for (const { documentName, position } of rows) {
        taken.push([documentName, position])
        this.#held.set(documentName, { position, leaseUntil: mine.leaseUntil })
      }
    }
    return taken
  }

  #forget(now: number): void {
    for (const [name, { leaseUntil }] of this.#held) if (leaseUntil < now) this.#held.delete(name)
  }

  #byShard(documentNames: Iterable<string>): Map<StoreDatabase, string[]> {
    return Map.groupBy(documentNames, (name) => this.#store.of(name))
  }
}
