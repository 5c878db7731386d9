import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { testSecret, type TestServer } from './server.ts'

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

export interface WorkerProcess extends AsyncDisposable {
  readonly pid: number
  /** Resolves to the exit code; null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>
}

/**
 * `codraft work` on the stores of a server.
 *
 * @param names as the command takes them
 * @param onLine gets each line that it logs
 */
export const startWorkers = async (
  names: string,
  server: Pick<TestServer, 'dataDir' | 'url'>,
  env: Readonly<Record<string, string | undefined>> = {},
  onLine?: (line: string) => void,
): Promise<WorkerProcess> => {
  const child = spawn(process.execPath, [main, 'work', names], {
    env: {
      ...process.env,
      CODRAFT_DATA_DIR: server.dataDir,
      AUTH_JWT_SECRET: testSecret,
      PUBLIC_URL: server.url,
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString()
  })
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      onLine?.(line)
      if (line.includes('codraft works')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}: ${errors}`)))
  })
  const kill = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const exited = once(child, 'exit') as Promise<[number | null]>
    child.kill(signal)
    return (await exited)[0]
  }
  return {
    pid: child.pid ?? 0,
    kill,
    async [Symbol.asyncDispose]() {
      await kill('SIGKILL')
    },
  }
}
