import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningService, Service, StartOptions } from '../../scripts/services/Service.ts'

/** Where a service is, as `npm run test:services` says. */
export const serviceVariable = (name: `CODRAFT_TEST_${string}`): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: start this test by npm run test:services`)
  return value
}

export interface OwnService extends RunningService {
  /** Kills it and removes its data. */
  close(): Promise<void>
}

/** Starts an instance that a test may kill. The test imports the service from `scripts/services`. */
export const startOwn = async <Options extends StartOptions>(
  service: Service<Options>,
  options?: Omit<Options, 'folder'>,
): Promise<OwnService> => {
  const folder = await mkdtemp(join(tmpdir(), `codraft-${service.name}-`))
  const running = await service.start({ ...options, folder } as Options)
  return {
    ...running,
    async close() {
      await running.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
