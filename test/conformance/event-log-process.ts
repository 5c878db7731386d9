// A process of its own that reads or writes an event log in a file, until it is killed.
// Arguments: path, "publish" or "consume".
import { SqliteEventLog } from '../../extensions/events/index.ts'

const [path = '', role] = process.argv.slice(2)
const log = await SqliteEventLog.open({ path, leaseMs: 1_000 })

if (role === 'publish') {
  for (let number = 0; ; number++) {
    await log.publish('numbers', [{ key: 'one', value: `${number}` }])
    process.stdout.write(`${number}\n`)
  }
}

await log.subscribe({
  group: 'readers',
  topics: ['numbers'],
  handle: async ({ messages, done }) => {
    for (const message of messages) {
      process.stdout.write(`${message.value}\n`)
      done(message)
    }
  },
})
