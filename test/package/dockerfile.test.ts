import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { testSecret } from '../helpers/server.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** Instructions of docker/Dockerfile, with continued lines joined, by stage. */
const stages = readFileSync(join(checkout, 'docker/Dockerfile'), 'utf8')
  .replaceAll(/\\\n\s*/g, '')
  .split(/^FROM .*$/m)
  .slice(1)
  .map((text) => Array.from(text.matchAll(/^(\w+) (.+)$/gm), ([, name = '', rest = '']) => ({ name, rest })))

const ofStage = (stage: number, name: string): string[] =>
  (stages[stage] ?? []).filter((instruction) => instruction.name === name).map(({ rest }) => rest)

const ignored = new Set(readFileSync(join(checkout, '.dockerignore'), 'utf8').split('\n').filter(Boolean))

let root: string
let image: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'codraft-image-'))
  chmodSync(root, 0o755)
  const build = join(root, 'build')
  image = join(root, 'image')
  const env = { PATH: process.env['PATH']!, HOME: process.env['HOME']!, npm_config_prefer_offline: 'true' }
  for (const { name, rest } of stages[0]!) {
    const parts = rest.split(' ')
    const target = join(build, parts.at(-1)!)
    if (name === 'COPY' && rest === '. .')
      cpSync(checkout, build, {
        recursive: true,
        filter: (path) => !ignored.has(path.slice(checkout.length)),
      })
    else if (name === 'COPY')
      for (const file of parts.slice(0, -1)) cpSync(join(checkout, file), join(target, basename(file)))
    else if (name === 'RUN') await run('sh', ['-c', rest], { cwd: build, env, maxBuffer: 1 << 26 })
    else if (name === 'WORKDIR') mkdirSync(build)
  }
  for (const copy of ofStage(1, 'COPY')) {
    const [target = '', ...sources] = copy
      .replaceAll('--from=build /codraft/', '')
      .replaceAll('/codraft/', '')
      .split(' ')
      .toReversed()
    for (const source of sources) {
      const to = target === './' ? source : target
      cpSync(join(build, source), join(image, to), { recursive: true, verbatimSymlinks: true })
    }
  }
})
afterAll(() => rm(root, { recursive: true, force: true }))

it('what the steps of docker/Dockerfile make serves as a stranger who may write its data folder only', async () => {
  const data = join(root, 'data')
  mkdirSync(data)
  const [entrypoint, command] = ['ENTRYPOINT', 'CMD'].map(
    (name) => JSON.parse(ofStage(1, name)[0]!) as string[],
  )
  const [, ...args] = [...entrypoint!, ...command!]
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(data, 1000, 1000)
  const server = spawn(process.execPath, args, {
    cwd: image,
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      CODRAFT_DATA_DIR: data,
      AUTH_JWT_SECRET: testSecret,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(isRoot && { uid: 1000, gid: 1000 }),
  })
  const exited = once(server, 'exit')
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: server.stdout }).on('line', (line) => {
      const { msg, url } = JSON.parse(line) as { msg: string; url: string }
      if (msg === 'codraft is ready') resolve(url)
    })
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  {
    await using client = await connectHocuspocus({ socketUrl: url.replace('http', 'ws') }, 'doc')
    client.text.insert(0, 'hello')
    await expect.poll(() => client.isSaved).toBe(true)
  }
  expect((await fetch(url)).headers.get('content-type')).toContain('text/html')
  const health = JSON.parse(ofStage(1, 'HEALTHCHECK')[0]!.replace(/^.*?CMD /, '')) as string[]
  await run(process.execPath, health.slice(1), { env: { PORT: new URL(url).port } })
  await expect(run(process.execPath, health.slice(1), { env: { PORT: '9' } })).rejects.toThrow(
    'Command failed',
  )
  server.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
})
