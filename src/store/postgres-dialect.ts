import {
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type DatabaseConnection,
  type Dialect,
} from 'kysely'
import { Pool, types, type CustomTypesConfig } from 'pg'
import { CodraftError } from '../../extensions/errors.ts'

export interface PostgresOptions {
  readonly url: string
  readonly maxConnections: number
  /** How long a statement may take, ms; 0 = as long as it needs. */
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
}

/** OID of int8: times, sizes and counts, all below 2^53. */
const int8 = 20

const resultTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
}

/** Kysely dialect for PostgreSQL whose errors say whether the database is away. */
export const postgresDialect = (options: PostgresOptions): Dialect => ({
  createAdapter: () => new PostgresAdapter(),
  createDriver: () => new CodedPostgresDriver(createPool(options)),
  createIntrospector: (db) => new PostgresIntrospector(db),
  createQueryCompiler: () => new PostgresQueryCompiler(),
})

const createPool = ({ url, maxConnections, statementTimeoutMs, connectTimeoutMs }: PostgresOptions): Pool => {
  const pool = new Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: resultTypes,
    application_name: 'codraft',
    ...(statementTimeoutMs > 0 && {
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      // Of the client: a network that swallows packets answers no statement, and reports no error either.
      query_timeout: statementTimeoutMs + 1_000,
    }),
  })
  // Connections that break while nobody uses them; the next query gets another one.
  pool.on('error', () => undefined)
  return pool
}

class CodedPostgresDriver extends PostgresDriver {
  constructor(pool: Pool) {
    super({ pool })
  }

  override async acquireConnection(
    ...args: Parameters<PostgresDriver['acquireConnection']>
  ): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection(...args).catch(rethrow)
    return withCodes(connection)
  }
}

const coded = new WeakSet<DatabaseConnection>()

/** The driver recognises its connections, so they are changed rather than wrapped. */
const withCodes = (connection: DatabaseConnection): DatabaseConnection => {
  if (coded.has(connection)) return connection
  coded.add(connection)
  const executeQuery = connection.executeQuery.bind(connection)
  connection.executeQuery = (query) => executeQuery<never>(query).catch(rethrow)
  return connection
}

/** SQLSTATE: connection exceptions, too many connections, shut down, starting up, read-only after a failover. */
const unavailableStates = /^(?:08|53|57P0|25006)/
/** SQLSTATE: wrong password or user, no such database. */
const configurationStates = /^(?:28|3D)/
const unavailableMessages = /terminated|timeout|not queryable|ended/i

const rethrow = (cause: unknown): never => {
  const { code = '', message } = cause as Error & { code?: string }
  if (configurationStates.test(code))
    throw new CodraftError('CODRAFT_CONFIG_INVALID', `PostgreSQL refuses DATABASE_URL: ${message}`)
  const isNetworkError = /^E[A-Z]+$/.test(code)
  if (isNetworkError || unavailableStates.test(code) || (code === '' && unavailableMessages.test(message)))
    throw new CodraftError('CODRAFT_STORE_UNAVAILABLE', code || message, { cause })
  throw cause
}
