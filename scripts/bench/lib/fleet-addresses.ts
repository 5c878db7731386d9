import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Endpoint } from './Client.ts'
import type { ServerProcess } from './ServerProcess.ts'
import { until } from './until.ts'

/** What `servers/fleet.ts` tells of itself. */
export interface FleetAddresses {
  readonly secondPort: string
  readonly redisUrl: string
  /** Process ids. */
  readonly instances: readonly number[]
}

export interface RunningFleet extends FleetAddresses {
  /** Of the second instance. */
  readonly secondEndpoint: Endpoint
}

export const readFleet = async ({ folder, endpoint }: ServerProcess): Promise<RunningFleet> => {
  let addresses: FleetAddresses | undefined
  await until(() => {
    try {
      addresses = JSON.parse(readFileSync(join(folder, 'fleet.json'), 'utf8')) as FleetAddresses
    } catch {
      return false
    }
    return true
  }, 30_000)
  if (!addresses) throw new Error('the fleet has not started')
  const url = new URL(endpoint.url)
  url.port = addresses.secondPort
  return { ...addresses, secondEndpoint: { ...endpoint, url: url.toString().replace(/\/$/, '') } }
}
