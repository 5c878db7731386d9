import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './Client.ts'
import { fleetInstance, fleetOf, launchOf, type ContenderName } from './contenders.ts'
import { ServerProcess } from './ServerProcess.ts'

/** Figures of one run, by name; a name ends in its unit. */
export type Figures = Readonly<Record<string, number | string>>

export interface RunOptions {
  readonly contender: ContenderName
  /** How long `plain-window` gathers updates, ms. */
  readonly windowMs: number
  /** Shorter, for development. */
  readonly quick: boolean
  /** Folder for CPU profiles of the server. */
  readonly profileFolder?: string
}

/** One scenario against one contender: its servers, its names, and what has gone wrong. */
export class Run {
  readonly quick: boolean
  readonly #options: RunOptions
  readonly #nonce = randomBytes(4).toString('hex')
  readonly #servers: ServerProcess[] = []
  readonly #failures = new Map<string, number>()

  constructor(options: RunOptions) {
    this.#options = options
    this.quick = options.quick
  }

  /** Resolves when a server with an empty data folder accepts connections and has finished booting. */
  async startServer({
    isFleet = false,
    ...options
  }: {
    readonly nodeFlags?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    /** Two instances of codraft with a Redis between them; `extension-redis` is always that. */
    readonly isFleet?: boolean
  } = {}): Promise<ServerProcess> {
    const { contender, windowMs, profileFolder } = this.#options
    const launch = await launchOf(contender, windowMs)
    const isCodraftFleet = isFleet && contender === 'codraft'
    const profiling = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []
    const server = await ServerProcess.create({
      ...options,
      launch: isCodraftFleet ? fleetOf({ ...launch, script: fleetInstance, args: [] }) : launch,
      nodeFlags: [...(options.nodeFlags ?? []), ...profiling],
    })
    this.#servers.push(server)
    await server.start()
    await sleep(1000)
    return server
  }

  /** The same name for the same suffix, unlike that of any other run. */
  documentName(suffix: string | number): string {
    return `bench-${this.#nonce}-${suffix}`
  }

  /** Makes clients of `server`; a connection that ends by itself makes the run invalid. */
  clients(
    server: Pick<ServerProcess, 'endpoint'>,
    count: number,
    suffixOf: (index: number) => string | number,
  ): Client[] {
    return Array.from({ length: count }, (_, index) => {
      const client = new Client(server.endpoint, this.documentName(suffixOf(index)))
      client.onUnexpectedClose = () => this.fail(`connection closed by the server (${client.closeCode})`)
      return client
    })
  }

  fail(message: string): void {
    this.#failures.set(message, (this.#failures.get(message) ?? 0) + 1)
  }

  /** The run is invalid unless `count` is 0. */
  check(what: string, count: number): void {
    if (count !== 0) this.fail(`${what}: ${count}`)
  }

  /** Why the run is invalid; empty when it is valid. */
  get failures(): string[] {
    return [...this.#failures].map(([message, times]) =>
      times === 1 ? message : `${message} (${times} times)`,
    )
  }

  /** What the servers have printed. */
  get logs(): string {
    return this.#servers
      .map((server) => server.log)
      .filter(Boolean)
      .join('\n')
  }

  /** For when there is no time left to wait. */
  killNow(): void {
    for (const server of this.#servers) server.killNow()
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.dispose()))
  }
}
