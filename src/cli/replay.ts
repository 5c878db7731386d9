import { Command, Option } from 'commander'
import { CodraftError } from '../../extensions/errors.ts'
import { topicNames, type SeekTarget, type TopicName } from '../../extensions/events/index.ts'
import { workerFactories, type WorkerServices } from '../workers/compose.ts'
import { parseWorkers, workerNames } from '../workers/names.ts'
import { rebuild, replay } from '../workers/replay.ts'
import { withLogAndStore } from './log-and-store.ts'

interface ReplayOptions {
  readonly group: string
  readonly to?: string
  readonly topic?: TopicName
  readonly rebuild?: true
}

/** `codraft replay`: lets a worker go on from another place, or derive its rows anew. */
export const replayCommand = (): Command =>
  new Command('replay')
    .description('let a worker that does not run go on from another place of its topics')
    .requiredOption('--group <worker>', workerNames.join(', '))
    .option('--to <place>', 'beginning, end, a time (ISO 8601), or <partition>:<offset>')
    .addOption(new Option('--topic <topic>', 'one of its topics; default: all').choices([...topicNames]))
    .option('--rebuild', 'forget what it has derived, and derive it anew from the beginning')
    .action((options: ReplayOptions) =>
      withLogAndStore(async (services) => {
        const worker = workerOf(options.group, services)
        // It has not started, and yet may hold something.
        await worker.stop?.()
        if (options.rebuild) {
          if (!('clear' in worker)) throw invalid(`${worker.name} derives nothing that could be rebuilt`)
          const since = await rebuild(services.log, services.store, worker)
          const from = since === 0 ? 'all events' : `the events since ${new Date(since).toISOString()}`
          console.log(`${worker.name} begins anew with ${from}`)
          return
        }
        if (options.to === undefined) throw invalid('needs --to or --rebuild')
        const topics = options.topic === undefined ? worker.topics : [options.topic]
        if (!topics.every((topic) => worker.topics.includes(topic)))
          throw invalid(`${worker.name} does not read ${options.topic}`)
        const to = placeOf(options.to)
        if (typeof to === 'object' && 'partition' in to && topics.length > 1)
          throw invalid('an offset needs --topic')
        await replay(services.log, worker, topics, to)
        console.log(`${worker.name} goes on from ${options.to} of ${topics.join(', ')}`)
      }),
    )

const workerOf = (name: string, services: WorkerServices) => {
  const [found, ...others] = parseWorkers(name.replace(/^codraft-/, '')) ?? []
  if (found === undefined || others.length > 0)
    throw invalid(`${name} is no worker: name one of ${workerNames.join(', ')}`)
  return workerFactories[found](services)
}

const placeOf = (text: string): SeekTarget => {
  if (text === 'beginning' || text === 'end') return text
  const place = /^(\d+):(\d+)$/.exec(text)
  if (place) return { partition: Number(place[1]), offset: Number(place[2]) }
  const time = Date.parse(text)
  if (Number.isNaN(time)) {
    throw invalid(`--to ${text} is none of: beginning, end, a time (ISO 8601), <partition>:<offset>`)
  }
  return { time }
}

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_REQUEST_INVALID', detail)
