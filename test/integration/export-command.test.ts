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

// Each command is a process of its own, and takes its time on a busy machine.
const timeoutMs = 180_000

test(
  '`codraft export` writes what is stored, beside a running server and without one',
  async () => {
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
      const out = join(folder, 'welcome.pdf')
      await codraft('notes/welcome', '--format', 'pdf', '--out', out)
      expect((await readFile(out, 'latin1')).startsWith('%PDF-1.7')).toBe(true)
      await expect(codraft('notes/absent', '--format', 'md', '--out', '-')).rejects.toThrow(
        'CODRAFT_NOT_FOUND',
      )
    } finally {
      await server.close()
      await rm(folder, { recursive: true })
    }
  },
  timeoutMs,
)
