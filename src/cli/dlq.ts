import { Command } from 'commander'
import { CodraftError } from '../../extensions/errors.ts'
import { DeadLetters, type DeadLetter } from '../workers/DeadLetters.ts'
import { withLogAndStore } from './log-and-store.ts'

/** `codraft dlq`: what workers could not handle. */
export const dlqCommand = (): Command =>
  new Command('dlq')
    .description('dead letters: events that a worker could not handle')
    .addCommand(
      new Command('list').description('all that are neither retried nor dropped').action(() =>
        withDeadLetters(async (deadLetters) => {
          for (const letter of await deadLetters.list()) console.log(lineOf(letter))
        }),
      ),
    )
    .addCommand(
      new Command('show')
        .description('one of them with its message')
        .argument('<id>')
        .action((id: string) =>
          withDeadLetters(async (deadLetters) => {
            for (const letter of await deadLetters.find([id]))
              console.log(JSON.stringify({ ...letter, message: undefined, ...messageOf(letter) }, null, 2))
          }),
        ),
    )
    .addCommand(
      settling('retry', 'give them to their worker again', async (deadLetters, letter) => {
        await deadLetters.retry(letter)
        await deadLetters.settle(letter)
      }),
    )
    .addCommand(
      settling('drop', 'take them off the list', (deadLetters, letter) => deadLetters.settle(letter)),
    )

const settling = (
  name: string,
  description: string,
  settle: (deadLetters: DeadLetters, letter: DeadLetter) => Promise<void>,
): Command =>
  new Command(name)
    .description(description)
    .argument('[ids...]', 'as `codraft dlq list` names them')
    .option('--all', 'all that are listed')
    .action((ids: string[], { all }: { all?: true }) =>
      withDeadLetters(async (deadLetters) => {
        if (ids.length > 0 === (all ?? false)) {
          throw new CodraftError('CODRAFT_REQUEST_INVALID', 'name dead letters, or give --all')
        }
        for (const letter of all ? await deadLetters.list() : await deadLetters.find(ids)) {
          await settle(deadLetters, letter)
          console.log(lineOf(letter))
        }
      }),
    )

const withDeadLetters = (work: (deadLetters: DeadLetters) => Promise<void>): Promise<void> =>
  withLogAndStore(({ log, store }) => work(new DeadLetters(log, store)))

const lineOf = ({ id, time, group, type, attempts, cause }: DeadLetter): string =>
  [
    id,
    new Date(time).toISOString(),
    group,
    type ?? 'no event',
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    cause,
  ].join('  ')

const messageOf = ({ message: { key, value, headers } }: DeadLetter): object => {
  const { partition, offset } = headers
  return { key, partition, offset, value: parsed(value) }
}

const parsed = (value: string): unknown => {
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}
