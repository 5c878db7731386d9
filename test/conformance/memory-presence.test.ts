import { MemoryPresence } from '../../extensions/presence/index.ts'
import { presenceConformance } from './presence.ts'

presenceConformance('memory', async () => {
  const presence = new MemoryPresence({ leaveDelayMs: 200 })
  return { instances: [presence], dispose: () => presence.close() }
})
