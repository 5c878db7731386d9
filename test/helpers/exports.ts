import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { documentPath, type RestClient } from './rest.ts'
import { testSecret, type TestServer } from './server.ts'

/** An export as the routes show it. */
export interface ExportView {
  readonly id: string
  readonly state: string
  readonly progress: number
  readonly stateVector?: string
  readonly notes?: readonly string[]
  readonly file?: {
    readonly name: string
    readonly bytes: number
    readonly url: string
    readonly expiresAt: string
  }
  readonly error?: { readonly code: string; readonly detail: string }
}

export const requestExport = async (
  client: RestClient,
  name: string,
  format: string,
  options: object = {},
): Promise<string> => {
  const { status, json, text } = await client.post(documentPath(name, '/exports'), {
    body: { format, options },
  })
  expect(status, text).toBe(202)
  return json['id'] as string
}

export const readExport = async (client: RestClient, id: string): Promise<ExportView> =>
  (await client.get(`/api/exports/${id}`)).json as unknown as ExportView

/** The export once it is done or has failed. */
export const finishedExport = async (client: RestClient, id: string): Promise<ExportView> => {
  let view = await readExport(client, id)
  const state = async (): Promise<string> => (view = await readExport(client, id)).state
  await expect.poll(state, { timeout: 60_000 }).toMatch(/^(?:done|failed)$/)
  return view
}

/** Exports the document and fetches the file by its link. */
export const exportedFile = async (
  client: RestClient,
  name: string,
  format: string,
  options?: object,
): Promise<Buffer> => {
  const view = await finishedExport(client, await requestExport(client, name, format, options))
  expect(view.error).toBeUndefined()
  const response = await fetch(view.file!.url)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

export interface WorkerProcess extends AsyncDisposable {
  readonly pid: number
  /** Resolves to the exit code; null when the signal ended it. */
  kill(signal: NodeJS.Signals): Promise<number | null>
}

/** `codraft work exports` on the stores of a server. */
export const startExportsWorker = async (
  server: Pick<TestServer, 'dataDir' | 'url'>,
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> => {
  const child = spawn(process.execPath, [main, 'work', 'exports'], {
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
