import { number, settings } from './leaf.ts'

/** Settings of journal and compaction. */
export const durabilitySettings = {
  journalGatherMs: number(0, 1_000, 50).register(settings, {
    env: 'JOURNAL_GATHER_MS',
    unit: 'ms',
    group: 'Durability',
    description:
      'Under load, edits are gathered this long for one commit; when quiet, a commit starts at once.',
  }),
  journalMaxPendingBytes: number(1024 * 1024, 2 ** 40, 64 * 1024 * 1024).register(settings, {
    env: 'JOURNAL_MAX_PENDING_BYTES',
    unit: 'bytes',
    group: 'Durability',
    description:
      'When the journal cannot be written, edits up to this size wait in memory, unacknowledged; past it they are refused.',
  }),
  compactAfterBytes: number(1_024, 2 ** 40, 1024 * 1024).register(settings, {
    env: 'COMPACT_AFTER_BYTES',
    unit: 'bytes',
    group: 'Durability',
    description: 'A document with this much in the journal gets a new snapshot.',
  }),
  compactAfterMs: number(100, 86_400_000, 300_000).register(settings, {
    env: 'COMPACT_AFTER_MS',
    unit: 'ms',
    group: 'Durability',
    description: 'A document edited this long ago gets a new snapshot.',
  }),
}
