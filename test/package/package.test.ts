import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { installPackage, type InstalledPackage } from '../helpers/installed-package.ts'
import { testSecret } from '../helpers/server.ts'

let root: string
let installed: InstalledPackage
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'codraft-package-'))
  installed = await installPackage(root)
})
afterAll(() => rm(root, { recursive: true, force: true }))

/** `npx codraft serve` in the project. */
const serve = async () => {
  const server = spawn('npx', ['codraft', 'serve'], {
    cwd: installed.folder,
    env: { ...installed.env, PORT: '0', AUTH_JWT_SECRET: testSecret },
    stdio: ['ignore', 'pipe', 'inherit'],
    // npx passes signals on to a shell, which does not pass them on: the whole group gets them.
    detached: true,
  })
  const exited = once(server, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: server.stdout }).on('line', (line) => {
      const { msg, url } = JSON.parse(line) as { msg: string; url: string }
      if (msg === 'codraft is ready') resolve(url)
    })
    server.once('exit', (code) => reject(new Error(`npx codraft serve ended with ${code}`)))
  })
  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    async [Symbol.asyncDispose]() {
      process.kill(-(server.pid as number), 'SIGTERM')
      await exited
    },
  }
}

it('the package is as publint wants it', async () => {
  const { buffer, byteOffset, byteLength } = installed.tarball
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  expect((await publint({ pack: { tarball }, strict: true })).messages).toEqual([])
})

it('npx codraft serve in an empty project: an edit is saved, survives a restart, and is exported', async () => {
  {
    await using server = await serve()
    await using client = await connectHocuspocus(server, 'notes')
    client.text.insert(0, 'hello from a package')
    await expect.poll(() => client.isSaved).toBe(true)
    const page = await fetch(server.url)
    expect(await page.text()).toContain('<title>')
    expect(page.headers.get('content-type')).toContain('text/html')
  }
  {
    await using server = await serve()
    await using client = await connectHocuspocus(server, 'notes', { user: 'reader' })
    await expect.poll(() => client.text.toJSON()).toBe('hello from a package')
  }
  await installed.run('npx', 'codraft', 'export', 'notes', '--format', 'pdf', '--out', 'notes.pdf')
  expect(await readFile(join(installed.folder, 'notes.pdf'), 'latin1')).toMatch(/^%PDF/)
})

it('an application in TypeScript compiles against it and starts it', async () => {
  const source = `
import { createLogger, loadConfig, startServer, type CodraftServer } from 'codraft'
import { connect } from 'codraft/client'
import { SqliteJournal } from 'codraft/extensions/journal'
const config = loadConfig({ ...process.env, PORT: '0', CODRAFT_DATA_DIR: './other' })
const server: CodraftServer = await startServer({ config, logger: createLogger('silent') })
console.log(typeof connect, typeof SqliteJournal.open, server.url, await server.stop())
`
  await writeFile(join(installed.folder, 'app.ts'), source)
  const versions = JSON.parse(await readFile('package.json', 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const tools = ['typescript', '@types/node'].map((name) => `${name}@${versions.devDependencies[name]}`)
  await installed.run('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '-D', ...tools)
  const strict = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
    '--skipLibCheck',
    'false',
  ]
  await installed.run('npx', 'tsc', '--noEmit', ...strict, 'app.ts')
  expect(await installed.run('node', 'app.ts')).toMatch(/^function function http:\S+ true$/m)
})
