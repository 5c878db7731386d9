// `npm test`: everything that needs nothing installed, then a line that says what did not run.
// With CI=true also what needs Chromium and real services; they are installed where they are missing, and one that
// cannot be had is a failure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runVitest, startServices, testFiles } from './services/test-run.ts'

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
}

const isCi = process.env['CI'] === 'true'
const folder = mkdtempSync(join(tmpdir(), 'codraft-tests-'))
const totals = { passed: 0, failed: 0, skipped: 0 }
const notRun: string[] = []

const runProject = async (name: string, env?: Readonly<Record<string, string>>): Promise<void> => {
  const output = join(folder, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${output}`]
  const status = await runVitest(['--project', name, ...reporters], env)
  const report = existsSync(output) ? (JSON.parse(readFileSync(output, 'utf8')) as Report) : undefined
  totals.passed += report?.numPassedTests ?? 0
  totals.failed += report?.numFailedTests ?? 0
  totals.skipped += report?.numPendingTests ?? 0
  // A crash of the runner, or a file that does not load, fails no single test.
  if (status !== 0 && !report?.numFailedTests) totals.failed += 1
}

const findChromium = (): string | undefined =>
  [
    process.env['CODRAFT_CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ].find((path) => path !== undefined && existsSync(path))

const installChromium = (): void => {
  console.log('codraft: installing Chromium …')
  spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update', '-qq'], { stdio: 'inherit' })
  const packages = ['chromium', 'fonts-noto-core']
  spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '-qq', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

for (const project of ['unit', 'integration', 'faults', 'fuzz', 'slice']) await runProject(project)

if (isCi) {
  try {
    const services = await startServices(testFiles([]))
    await runProject('services', services.env)
    await services.stop()
  } catch (error) {
    console.error(`codraft: a service cannot be had, so nothing was tested with it:\n${String(error)}`)
    totals.failed += 1
  }
} else notRun.push('what needs real services such as Redis and PostgreSQL (npm run test:services)')

if (isCi) await runProject('package')
else notRun.push('the npm package, installed (npx vitest run --project package)')

if (isCi && !findChromium()) installChromium()
const chromium = findChromium()
if (chromium !== undefined) {
  process.env['CODRAFT_CHROMIUM'] = chromium
  await runProject('browser')
} else if (isCi) {
  console.error('codraft: Chromium could not be installed, so the page was not tested')
  totals.failed += 1
} else notRun.push('the page in a browser (no Chromium found; CODRAFT_CHROMIUM may name one)')

notRun.push('the long soak (npm run test:soak)')
rmSync(folder, { recursive: true })
console.log(`\nNot run: ${notRun.join('; ')}.`)
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1)
