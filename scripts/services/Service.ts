/** A real service that tests run against: redis, postgres, … One file each; `catalogue.ts` lists them. */
export interface Service<Options extends StartOptions = StartOptions> {
  /** The name of its file, without the ending. */
  readonly name: string
  /** The environment variables that tell tests where it is. */
  readonly variables: readonly string[]
  /** Fetches what is missing; does nothing when all is there. Rejects with what to install by hand. */
  install(): Promise<void>
  /**
   * Starts an instance of its own on loopback and resolves when it serves. A folder that was used before keeps its
   * data. What still runs when this process exits is killed.
   */
  start(options: Options): Promise<RunningService>
}

export interface StartOptions {
  /** Where it keeps data and logs; must exist. */
  readonly folder: string
  /** Default: a free one. */
  readonly port?: number
}

export interface RunningService extends Restartable {
  /** A value for each of the service's variables. */
  readonly env: Readonly<Record<string, string>>
  /** Its processes, in the order of the addresses in `env`; a cluster has several. */
  readonly nodes: readonly Restartable[]
}

export interface Restartable {
  /** Ends it in the orderly way. */
  stop(): Promise<void>
  /** Ends it by SIGKILL. */
  kill(): Promise<void>
  /** Starts it again, after `stop` or `kill`, with the same port and data. */
  start(): Promise<void>
}

/** The service that consists of these processes. */
export const runningService = (
  env: RunningService['env'],
  ...nodes: readonly Restartable[]
): RunningService => {
  const each = (act: (node: Restartable) => Promise<void>) => async (): Promise<void> => {
    await Promise.all(nodes.map(act))
  }
  return {
    env,
    nodes,
    start: each((node) => node.start()),
    stop: each((node) => node.stop()),
    kill: each((node) => node.kill()),
  }
}
