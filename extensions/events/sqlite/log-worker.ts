import type { Call, SqliteCalls } from './protocol.ts'
import { database, port, post, Refusal, sql } from './database.ts'
import { memberCalls } from './members.ts'
import { messageCalls } from './messages.ts'
import { topicCalls } from './topics.ts'

/** How often the file is looked at for messages of other processes, ms. */
const pollMs = 100
const retentionSweepMs = 3_600_000

const calls: SqliteCalls = {
  ...topicCalls,
  ...messageCalls,
  ...memberCalls,
  close() {
    clearInterval(polling)
    clearInterval(sweeping)
    database.close()
    return null
  },
}

const answer = ({ id, name, args }: Call): void => {
  try {
    const run = calls[name] as (...args: readonly unknown[]) => unknown
    post({ kind: 'answer', id, result: run(...args) })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const errorCode = error instanceof Refusal ? error.errorCode : 'CODRAFT_EVENTS_UNAVAILABLE'
    post({ kind: 'refusal', id, error: text, errorCode })
  }
}

/** Changes when another connection has written; writes of this one leave it as it is. */
const dataVersion = (): unknown => sql('PRAGMA data_version').get()?.['data_version']

let seenVersion = dataVersion()
const polling = setInterval(() => {
  const version = dataVersion()
  if (version === seenVersion) return
  seenVersion = version
  post({ kind: 'changed' })
}, pollMs)

const sweeping = setInterval(() => {
  try {
    for (const { id, retention_ms: retentionMs } of sql('SELECT id, retention_ms FROM topics').all())
      sql('DELETE FROM messages WHERE topic = ? AND time < ?').run(
        id as number,
        Date.now() - (retentionMs as number),
      )
  } catch {
    // Another process holds the file: the next sweep deletes them.
  }
}, retentionSweepMs)

port.on('message', answer)
post({ kind: 'ready' })
