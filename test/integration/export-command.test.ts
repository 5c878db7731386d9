import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer } from '../helpers/server.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const run = promisify(execFile)

test('`codraft export` writes what is stored, beside a running server and without one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-export-'))
  const server = await startServer()
  const codraft = (...args: string[]) =>
    run(process.execPath, [main, 'export', ...args], {
      env: { ...process.env, CODRAFT_DATA_DIR: server.dataDir, REDIS_URL: '' },
    })
  try {
    {
      await using client = await connectHocuspocus(server, 'notes/welcome')
      client.text.insert(0, 'what was typed')
      await expect.poll(() => client.isSaved).toBe(true)
      const { stdout } = await codraft('notes/welcome', '--format', 'txt', '--out', '-')
      expect(stdout).toBe('what was typed')
    }
    await server.kill('SIGTERM')
    for (const [format, start] of [
      ['pdf', '%PDF-1.7'],
      ['docx', 'PK'],
    ] as const) {
      const out = join(folder, `welcome.${format}`)
      await codraft('notes/welcome', '--format', format, '--out', out)
      expect((await readFile(out, 'latin1')).startsWith(start), format).toBe(true)
    }
    await expect(codraft('notes/absent', '--format', 'md', '--out', '-')).rejects.toThrow('CODRAFT_NOT_FOUND')
  } finally {
    await server.close()
    await rm(folder, { recursive: true })
  }
})
