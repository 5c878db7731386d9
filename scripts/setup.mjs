// Runs before `npm start` and `npm test` on any Node >= 20, before anything is installed:
// installs what the lockfile says when node_modules is missing or stale, and builds the page (--web).
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = join(root, 'node_modules/.bin/node')
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '')

const run = (what, command, args) => {
  console.log(`codraft: ${what}`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  console.error(`codraft: "${[command, ...args].join(' ')}" failed${error ? `: ${error.message}` : ''}`)
  process.exit(1)
}

const hashOf = (files) => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(relative(root, file)).update(readFileSync(file))
  return hash.digest('hex')
}

/** Runs `make` unless the stamp file says that it has run for these very inputs. */
const upToDate = (stamp, inputs, make) => {
  const hash = hashOf(inputs)
  if (read(stamp) === hash) return
  make()
  writeFileSync(stamp, hash)
}

const lockfile = join(root, 'package-lock.json')
upToDate(join(root, 'node_modules/.codraft-installed'), [lockfile], () => {
  run('installing dependencies (once, about a minute) …', 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ])
  // npm may be configured to skip install scripts; the one that places the Node 24 binary is needed.
  if (spawnSync(node, ['--version']).status !== 0)
    run('placing Node 24 …', process.execPath, [
      join(root, 'node_modules/node/installArchSpecificPackage.js'),
    ])
})

if (process.argv.includes('--web')) {
  const web = join(root, 'src/web')
  const sources = readdirSync(web, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
  upToDate(join(root, 'dist/web/.built'), [...sources, lockfile], () =>
    run('building the page …', node, [
      join(root, 'node_modules/vite/bin/vite.js'),
      'build',
      'src/web',
      '--logLevel',
      'warn',
    ]),
  )
}
