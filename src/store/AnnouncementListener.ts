import { Client } from 'pg'

export interface AnnouncementListenerOptions {
  /** Of PostgreSQL. */
  readonly url: string
  readonly connectTimeoutMs: number
  /** How often the connection is looked at, and tried again when it is gone, ms. */
  readonly checkIntervalMs: number
  readonly onMessage: (message: string) => void
  /** When it listens again after announcements may have been missed. */
  readonly onGap: () => void
}

/** Channel of NOTIFY. */
export const announcementChannel = 'codraft'

/**
 * Hears what other instances announce in their transactions (LISTEN of PostgreSQL), over a connection of its own that
 * is made again whenever it breaks.
 */
export class AnnouncementListener {
  readonly #options: AnnouncementListenerOptions
  #client: Client | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: AnnouncementListenerOptions) {
    this.#options = options
  }

  /** Resolves when it listens, or has failed to for now. */
  async start(): Promise<void> {
    await this.#check()
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.start(), this.#options.checkIntervalMs).unref()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#client?.end()
  }

  async #check(): Promise<void> {
    try {
      if (this.#client) await this.#client.query('select 1')
      else await this.#connect()
    } catch {
      this.#drop(this.#client)
    }
  }

  async #connect(): Promise<void> {
    const { url, connectTimeoutMs, onMessage, onGap } = this.#options
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
      application_name: 'codraft announcements',
    })
    client.on('error', () => this.#drop(client))
    client.on('notification', ({ payload = '' }) => onMessage(payload))
    try {
      await client.connect()
      await client.query(`listen ${announcementChannel}`)
    } catch (error) {
      this.#drop(client)
      throw error
    }
    this.#client = client
    onGap()
  }

  #drop(client: Client | undefined): void {
    if (this.#client === client) this.#client = undefined
    client?.end().catch(() => undefined)
  }
}
