/**
 * Preloaded into a server (`--import`, with `--expose-gc`): on SIGUSR2 it collects all garbage and writes
 * `process.memoryUsage()` to the file that HEAP_PROBE_FILE names.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const file = process.env['HEAP_PROBE_FILE']

// A preload also runs in worker threads, which get no signals.
if (isMainThread && file) {
  process.on('SIGUSR2', () => {
    const { gc } = globalThis
    if (!gc) throw new Error('the heap probe needs --expose-gc')
    // The second collection takes what finalizers of the first have let go.
    gc()
    gc()
    writeFileSync(`${file}.part`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.part`, file)
  })
}
