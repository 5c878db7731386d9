import { number, settings } from './leaf.ts'

/** Settings of files made of documents. */
export const exportsSettings = {
  exportKeepDays: number(1, 36_500, 30).register(settings, {
    env: 'EXPORT_KEEP_DAYS',
    unit: 'days',
    group: 'Exports',
    description: 'Exported files are kept this long.',
  }),
  exportConcurrency: number(1, 64, 1).register(settings, {
    env: 'EXPORT_CONCURRENCY',
    group: 'Exports',
    description: 'Files that one worker makes at the same time, each in a process of its own of up to 1 GiB.',
  }),
  exportDeadlineMs: number(1_000, 3_600_000, 60_000).register(settings, {
    env: 'EXPORT_DEADLINE_MS',
    unit: 'ms',
    group: 'Exports',
    description: 'Time for one file; its process is ended past it.',
  }),
}
