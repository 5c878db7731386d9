import { sql, type RawBuilder } from 'kysely'

export type Engine = 'sqlite' | 'postgres'

/** Column types that the engines spell differently. */
export interface ColumnTypes {
  /** Names and ids: ordered by their UTF-8 bytes everywhere, so that pages of several shards can be merged. */
  readonly text: RawBuilder<unknown>
  /** Primary key that counts up. */
  readonly sequence: RawBuilder<unknown>
}

export const columnTypes: Readonly<Record<Engine, ColumnTypes>> = {
  sqlite: { text: sql`text`, sequence: sql`integer primary key autoincrement` },
  postgres: {
    text: sql`text collate "C"`,
    sequence: sql`bigint generated always as identity primary key`,
  },
}
