import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { guideSnippets } from '../../helpers/readme.ts'
import { startServer } from '../../helpers/server.ts'
import { testToken } from '../../helpers/tokens.ts'

const shell = promisify(execFile)

it('every snippet of the guide does what it says', async () => {
  const server = await startServer()
  try {
    const env = { ...process.env, CODRAFT: server.url, TOKEN: await testToken('ada', { documents: null }) }
    const output: Record<string, string> = {}
    for (const { name, code } of guideSnippets('rest')) {
      const { stdout } = await shell('bash', ['-euo', 'pipefail', '-c', code], { env })
      output[name] = stdout
    }
    expect(output['get']).toBe('# Plan\n\nFirst draft.\n')
    expect(output['repeat']).toMatch(/^(\{"etag":".*"\})\1$/)
    expect(output['edits']).toMatch(/# Plan\n\n\*\*Better\*\* draft\.\n\n- first step\n$/)
    expect(output['versions']).toContain('+Third draft.')
    expect(output['share']).toContain('"email":"bob@example.org"')
    expect(output['share']).toContain('"action":"invited"')
    expect(output['list']).toContain('"name":"plans/2026"')
    expect(output['list']).not.toContain('notes.txt')
  } finally {
    await server.close()
  }
})
