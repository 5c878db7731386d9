import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Endpoint } from './Client.ts'
import type { Launch } from './contenders.ts'
import { isAlive, processTree } from './proc.ts'

export interface ServerProcessOptions {
  readonly launch: Launch
  /** In addition to those of the launch. */
  readonly nodeFlags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 30_000

/** A server under test: a child process on a free loopback port, with a data folder that outlives restarts. */
export class ServerProcess {
  readonly endpoint: Endpoint
  readonly #options: ServerProcessOptions
  readonly #port: number
  /** Its data. */
  readonly folder: string
  #child: ChildProcess | undefined

  private constructor(options: ServerProcessOptions, port: number) {
    const { wire, path, token } = options.launch
    this.#options = options
    this.#port = port
    this.folder = mkdtempSync(join(tmpdir(), 'codraft-bench-'))
    this.endpoint = { url: `ws://127.0.0.1:${port}${path}`, wire, token }
  }

  /** Chooses the port and the data folder. */
  static async create(options: ServerProcessOptions): Promise<ServerProcess> {
    return new ServerProcess(options, await freePort())
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('the server does not run')
    return pid
  }

  /** Resolves when the server accepts connections. */
  async start(): Promise<void> {
    const { launch, nodeFlags = [], env } = this.#options
    const log = openSync(this.#logFile, 'a')
    const child = spawn(
      process.execPath,
      [...launch.nodeFlags, ...nodeFlags, launch.script, ...launch.args],
      {
        cwd: this.folder,
        env: {
          ...process.env,
          ...launch.env,
          ...env,
          HOST: '127.0.0.1',
          PORT: String(this.#port),
          CODRAFT_DATA_DIR: this.folder,
        },
        stdio: ['ignore', log, log],
      },
    )
    closeSync(log)
    this.#child = child
    const end = performance.now() + startTimeoutMs
    while (!(await listens(this.#port))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server has exited')
      if (performance.now() > end) throw new Error(`nothing listens after ${startTimeoutMs} ms`)
      await sleep(5)
    }
  }

  /** Ends the process and starts it again over the same data. Resolves with the time until it listens, ms. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    await this.stop(signal)
    while (await listens(this.#port)) await sleep(5)
    const start = performance.now()
    await this.start()
    return performance.now() - start
  }

  /** Ends the process and what it has started; after 30 s by force. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const pid = this.#child?.pid
    if (pid === undefined) return
    const tree = processTree(pid).filter(isAlive)
    for (const each of signal === 'SIGTERM' ? [pid] : tree) kill(each, signal)
    const end = performance.now() + stopTimeoutMs
    while (tree.some(isAlive)) {
      if (performance.now() > end) for (const each of tree) kill(each, 'SIGKILL')
      await sleep(10)
    }
    this.#child = undefined
  }

  /** For when there is no time left to wait: ends the process by force and removes its data. */
  killNow(): void {
    this.#child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #logFile(): string {
    return join(this.folder, 'server.log')
  }

  /** The end of what the server has printed; empty once its data is removed. */
  get log(): string {
    if (!existsSync(this.#logFile)) return ''
    return readFileSync(this.#logFile, 'utf8').trim().slice(-2000)
  }

  /** Ends the process and removes its data. */
  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

const freePort = (): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const probe = createServer().once('error', reject)
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address() as AddressInfo
    probe.close(() => resolve(port))
  })
  return promise
}

const listens = (port: number): Promise<boolean> => {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => {
    socket.destroy()
    resolve(true)
  })
  socket.once('error', () => resolve(false))
  return promise
}
