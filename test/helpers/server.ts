import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

export const testSecret = 'a secret for tests only, 32 bytes or more'

export interface TestServerOptions {
  /** Settings on top of a free port, a temporary data folder and {@link testSecret}. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Data folder to use, and to leave behind. Default: a temporary one that `close` removes. */
  readonly dataDir?: string
  readonly nodeFlags?: readonly string[]
  /** The program. Default: codraft itself. */
  readonly script?: string
}

export interface TestServer extends AsyncDisposable {
  /** http://127.0.0.1:PORT; the port stays the same over a restart. */
  readonly url: string
  /** ws://127.0.0.1:PORT */
  readonly socketUrl: string
  readonly dataDir: string
  readonly pid: number
  /** What the server has logged so far, one JSON object for each line. */
  readonly log: readonly Record<string, unknown>[]
  /** Sends a signal; resolves to the exit code, or to null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>
  /** Starts it again, after a `kill`, with the same port and data. */
  start(): Promise<void>
  /** `kill` and `start`. */
  restart(signal?: NodeJS.Signals): Promise<void>
  close(): Promise<void>
}

/** Starts the real server in a process of its own. */
export const startServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'codraft-test-')))
  const log: Record<string, unknown>[] = []
  let port = '0'
  let url = ''
  let child: ChildProcess | undefined

  const start = async (): Promise<void> => {
    const env = {
      ...process.env,
      PORT: port,
      HOST: '127.0.0.1',
      CODRAFT_DATA_DIR: dataDir,
      AUTH_JWT_SECRET: testSecret,
      LOG_LEVEL: 'info',
      ...options.env,
    }
    const started = spawn(process.execPath, [...(options.nodeFlags ?? []), options.script ?? main, 'serve'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    let errors = ''
    started.stderr.on('data', (data: Buffer) => {
      errors += data.toString()
    })
    url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: started.stdout }).on('line', (line) => {
        const entry = parse(line)
        log.push(entry)
        if (entry['msg'] === 'codraft is ready') resolve(entry['url'] as string)
      })
      started.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${errors}`)))
    })
    port = new URL(url).port
  }

  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    const running = child
    if (!running || running.exitCode !== null || running.signalCode !== null) return running?.exitCode ?? null
    const exited = once(running, 'exit') as Promise<[number | null]>
    running.kill(signal)
    const [code] = await exited
    return code
  }

  const close = async (): Promise<void> => {
    await kill('SIGKILL')
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }

  await start()
  return {
    get url() {
      return url
    },
    get socketUrl() {
      return url.replace('http', 'ws')
    },
    dataDir,
    get pid() {
      return child?.pid ?? 0
    },
    log,
    kill,
    start,
    async restart(signal = 'SIGTERM') {
      await kill(signal)
      await start()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const parse = (line: string): Record<string, unknown> => {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return { msg: line }
  }
}
