import { number, decimal, settings } from './leaf.ts'

/** Settings of how changes leave for the readers. */
export const transportSettings = {
  flushMsPerReader: decimal(0, 10, 0.15).register(settings, {
    env: 'FLUSH_MS_PER_READER',
    unit: 'ms',
    group: 'Transport',
    description: 'A busy document is sent once in this time × its readers; a quiet one at once.',
  }),
  flushMaxMs: number(0, 1_000, 50).register(settings, {
    env: 'FLUSH_MAX_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'Longest time between two sends of a busy document.',
  }),
  awarenessWindowMs: number(0, 1_000, 40).register(settings, {
    env: 'AWARENESS_WINDOW_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'Cursors are sent once in this time.',
  }),
  slowReaderBytes: number(16 * 1024, 1 << 30, 1024 * 1024).register(settings, {
    env: 'SLOW_READER_BYTES',
    unit: 'bytes',
    group: 'Transport',
    description:
      'Unsent bytes of one connection past which it gets one difference later instead of every update.',
  }),
  slowReaderDeadlineMs: number(1_000, 3_600_000, 120_000).register(settings, {
    env: 'SLOW_READER_DEADLINE_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'A connection that has not read for this long is closed.',
  }),
}
