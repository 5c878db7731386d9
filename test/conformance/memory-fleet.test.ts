import { MemoryFleet } from '../../extensions/fleet/index.ts'
import { fleetConformance } from './fleet.ts'

fleetConformance('memory', async () => {
  const errors: unknown[] = []
  const fleet = new MemoryFleet((error) => errors.push(error))
  return { instances: [fleet], errors, dispose: () => fleet.close() }
})
