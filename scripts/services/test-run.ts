import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { services } from './catalogue.ts'
import type { RunningService, Service } from './Service.ts'

export interface ServicesForTests {
  /** What the tests need in their environment. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** The test files of the project `services` whose path contains one of the filters; all without a filter. */
export const testFiles = (filters: readonly string[]): string[] => {
  const files = globSync('test/services/**/*.test.ts').sort()
  return filters.length === 0
    ? files
    : files.filter((file) => filters.some((filter) => file.includes(filter)))
}

/**
 * Starts the services whose variables the files mention, themselves or in what they import, and installs also those
 * that they start themselves. Rejects, with all reasons, when one cannot be had.
 */
export const startServices = async (files: readonly string[]): Promise<ServicesForTests> => {
  const text = files.map((file) => textOf(file)).join('\n')
  const shared = services.filter(({ variables }) => variables.some((variable) => text.includes(variable)))
  const own = services.filter(({ name }) => text.includes(`/services/${name}.ts'`))
  await all([...new Set([...shared, ...own])], (service) => service.install())

  const folder = await mkdtemp(join(tmpdir(), 'codraft-services-'))
  // PostgreSQL runs as a user of its own.
  await chmod(folder, 0o755)
  const running: RunningService[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((service) => service.stop()))
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await all(shared, async (service) => {
      running.push(await start(service, join(folder, service.name)))
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { env: Object.assign({}, ...running.map(({ env }) => env)) as ServicesForTests['env'], stop }
}

const start = async (service: Service, folder: string): Promise<RunningService> => {
  const startedAt = performance.now()
  await mkdir(folder)
  const running = await service.start({ folder })
  console.log(`codraft: ${service.name} started in ${Math.round(performance.now() - startedAt)} ms`)
  return running
}

/** Runs vitest with the arguments; resolves to its exit code. */
export const runVitest = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

const all = async (list: readonly Service[], act: (service: Service) => Promise<void>): Promise<void> => {
  const results = await Promise.allSettled(list.map(act))
  const reasons = results.flatMap((result, index) =>
    result.status === 'rejected' ? [`${list[index]?.name}: ${messageOf(result.reason)}`] : [],
  )
  if (reasons.length > 0) throw new Error(reasons.join('\n'))
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A test file and what it imports of the folder `test`. */
const textOf = (file: string, seen = new Set<string>()): string => {
  if (seen.has(file) || !file.startsWith('test/') || !existsSync(file)) return ''
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const imports = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path))
  return [text, ...imports.map((path) => textOf(path, seen))].join('\n')
}
