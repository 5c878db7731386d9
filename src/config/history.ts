import { number, settings } from './leaf.ts'

/** Settings of versions. */
export const historySettings = {
  versionAfterEdits: number(0, 1_000_000_000, 1_000).register(settings, {
    env: 'VERSION_AFTER_EDITS',
    group: 'History',
    description:
      'A document with this many edits since its last version gets one; 0 = none is made by itself.',
  }),
  versionAfterMs: number(100, 86_400_000, 600_000).register(settings, {
    env: 'VERSION_AFTER_MS',
    unit: 'ms',
    group: 'History',
    description: 'A document edited this long ago gets a version.',
  }),
  versionKeepDays: number(1, 36_500, 365).register(settings, {
    env: 'VERSION_KEEP_DAYS',
    unit: 'days',
    group: 'History',
    description:
      'Versions that were made by themselves are kept this long: all of a day, then one an hour for a week, one a day for 90 days, one a week. Named ones stay.',
  }),
  binKeepDays: number(1, 36_500, 30).register(settings, {
    env: 'BIN_KEEP_DAYS',
    unit: 'days',
    group: 'History',
    description: 'A document that has been in the bin this long is erased.',
  }),
}
