import { z } from 'zod'
import { number, settings } from './leaf.ts'

/** Settings of address, data folder, stopping. */
export const serverSettings = {
  port: number(0, 65_535, 8080).register(settings, {
    env: 'PORT',
    group: 'Server',
    description: 'TCP port of HTTP and WebSocket; 0 picks a free one.',
  }),
  host: z.string().min(1).default('127.0.0.1').register(settings, {
    env: 'HOST',
    group: 'Server',
    description: 'Address to listen on. Nothing listens beyond loopback unless this says so.',
  }),
  dataDir: z.string().min(1).default('./data').register(settings, {
    env: 'CODRAFT_DATA_DIR',
    group: 'Server',
    description: 'Folder of the journal, the snapshots and the generated secret.',
  }),
  shutdownDeadlineMs: number(100, 600_000, 15_000).register(settings, {
    env: 'SHUTDOWN_DEADLINE_MS',
    unit: 'ms',
    group: 'Server',
    description: 'How long SIGTERM may take to store everything; past it the exit code is 1.',
  }),
  drainSpreadMs: number(0, 600_000, 5_000).register(settings, {
    env: 'DRAIN_SPREAD_MS',
    unit: 'ms',
    group: 'Server',
    description:
      'On SIGTERM clients are told to move to another instance, one after the other over this time at most, not all at once.',
  }),
}
