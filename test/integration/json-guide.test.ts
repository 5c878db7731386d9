import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { guideSnippets } from '../helpers/readme.ts'
import { startServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

const run = promisify(execFile)

it('every snippet of the guide does what it says', async () => {
  await using server = await startServer()
  // Inside the package, so that the snippets find `codraft` as an application does.
  const results = fileURLToPath(new URL('../../test-results', import.meta.url))
  await mkdir(results, { recursive: true })
  const folder = await mkdtemp(join(results, 'guide-'))
  try {
    const TOKEN = await testToken('ada')
    const env = { ...process.env, CODRAFT: server.url, TOKEN }
    const output: Record<string, string> = {}
    for (const { name, code } of guideSnippets('json-protocol', 'js')) {
      const file = join(folder, `${name}.mjs`)
      await writeFile(file, code)
      output[name] = (
        await run(process.execPath, ['-C', 'codraft-source', file], { env, timeout: 30_000 })
      ).stdout
    }
    expect(output).toEqual({
      'by-hand': 'durable, version 1\n',
      blocks: '',
      library: 'Plan\nWritten by an agent.\nThe very First step\n\n',
    })
    for (const { code } of guideSnippets('json-protocol')) {
      await run('bash', ['-euo', 'pipefail', '-c', code], { env, timeout: 60_000 })
    }
    const read = async (name: string): Promise<string> => {
      const address = `${server.url}/api/documents/${encodeURIComponent(name)}?format=md`
      return (await fetch(address, { headers: { authorization: `Bearer ${TOKEN}` } })).text()
    }
    expect(await read('plans/2027')).toBe('## Plan\n\nWritten by an agent.\n\n1. **The very** First step\n')
    expect(await read('logs/2027')).toMatch(/^# Log\n\n- [\d-]+ released\n\nChecked by \*\*two\*\*\.\n$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
