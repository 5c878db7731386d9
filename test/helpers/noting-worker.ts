// A process of its own with one worker of notifications, whose effect is a line in a file, until it is killed.
// Argument: the file.
import { appendFileSync } from 'node:fs'
import { createLogger, loadConfig, startWorkers, type Worker } from '../../src/index.ts'

const [file = ''] = process.argv.slice(2)

const noting: Worker<'notifications'> = {
  name: 'noting',
  topics: ['notifications'],
  async handle({ id }, { isRepeat }) {
    appendFileSync(file, `${id} ${isRepeat ? 'repeat' : 'first'}\n`)
  },
}

await startWorkers({ config: loadConfig(process.env), logger: createLogger('silent'), own: [noting] })
process.stdout.write('ready\n')
