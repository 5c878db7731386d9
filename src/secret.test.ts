import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadOrCreateSecret } from './secret.ts'

let dataDir: string
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'codraft-')), 'data')
})
afterEach(() => {
  rmSync(join(dataDir, '..'), { recursive: true, force: true })
})

const permissions = (...path: string[]) => statSync(join(dataDir, ...path)).mode & 0o777

it('makes a secret that only the owner can read, and keeps it', () => {
  const secret = loadOrCreateSecret(dataDir)
  expect(Buffer.from(secret, 'base64')).toHaveLength(48)
  expect(loadOrCreateSecret(dataDir)).toBe(secret)
  expect(permissions('secrets')).toBe(0o700)
  expect(permissions('secrets', 'jwt-secret')).toBe(0o600)
  expect(readdirSync(join(dataDir, 'secrets'))).toEqual(['jwt-secret'])
})

it('gives processes that start together the same secret', async () => {
  const script = `
    import { loadOrCreateSecret } from ${JSON.stringify(new URL('secret.ts', import.meta.url).href)}
    process.stdout.write(loadOrCreateSecret(${JSON.stringify(dataDir)}))`
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  const secrets = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout)
  expect(new Set(secrets)).toEqual(new Set([loadOrCreateSecret(dataDir)]))
})

it.each(['', 'short', 'x'.repeat(100).replace(/x/g, '!')])('refuses a file that holds %j', (content) => {
  mkdirSync(join(dataDir, 'secrets'), { recursive: true })
  writeFileSync(join(dataDir, 'secrets', 'jwt-secret'), content)
  expect(() => loadOrCreateSecret(dataDir)).toThrow(/CODRAFT_CONFIG_INVALID: .*jwt-secret holds no secret/)
})
