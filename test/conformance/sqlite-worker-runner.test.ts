import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteEventLog } from '../../extensions/events/index.ts'
import { Store } from '../../src/store/Store.ts'
import { workerRunnerConformance } from './worker-runner.ts'

workerRunnerConformance('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-workers-'))
  const log = await SqliteEventLog.open({ path: join(folder, 'events.sqlite'), leaseMs: 1_000 })
  const store = await Store.open({
    databases: ['one', 'two'].map((name) => `sqlite:${join(folder, `${name}.sqlite`)}`),
  })
  return {
    log,
    store,
    async dispose() {
      await log.close()
      await store.close()
      await rm(folder, { recursive: true })
    },
  }
})
