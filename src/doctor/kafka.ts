import { topicSpecs, type TopicState } from '../../extensions/events/index.ts'
import { openEventLog } from '../event-log.ts'
import { problem, warning, type Check, type Finding } from './Check.ts'

const copiesWanted = 3

/** That the topics exist with the partitions and copies they should have, and that all copies follow. */
export const kafka: Check = {
  name: 'kafka',
  appliesTo: ({ kafkaBrokers }) => kafkaBrokers.length > 0,
  async run(config) {
    const log = await openEventLog(config, { warn: () => undefined })
    try {
      const states = await log.describe(topicSpecs.map(({ name }) => name))
      return [...missing(states), ...wrongPartitions(states), ...fewCopies(states), ...outOfSync(states)]
    } finally {
      await log.close()
    }
  },
}

const namesOf = (states: readonly { readonly name: string }[]): string =>
  states.map(({ name }) => name).join(', ')

const missing = (states: readonly TopicState[]): Finding[] => {
  const absent = topicSpecs.filter(({ name }) => !states.some((state) => state.name === name))
  // Before the first start there are none, and the server makes them.
  if (absent.length === 0 || absent.length === topicSpecs.length) return []
  return [problem(`Kafka has no ${namesOf(absent)}`, 'Make the topics: codraft topics.')]
}

const wrongPartitions = (states: readonly TopicState[]): Finding[] =>
  topicSpecs.flatMap(({ name, partitions }) => {
    const found = states.find((state) => state.name === name)?.partitions.length ?? partitions
    if (found === partitions) return []
    return [
      problem(
        `topic ${name} has ${found} partitions, not ${partitions}: the order of its messages is not kept`,
        `Let its consumers finish, delete ${name}, and make it again: codraft topics.`,
      ),
    ]
  })

const fewCopies = (states: readonly TopicState[]): Finding[] => {
  const few = states.filter(({ partitions }) => partitions.some(({ replicas }) => replicas < copiesWanted))
  if (few.length === 0) return []
  return [
    warning(
      `fewer than ${copiesWanted} copies of ${namesOf(few)}: events are lost with a broker's disk`,
      'Run three brokers, and raise the replication factor with kafka-reassign-partitions.sh.',
    ),
  ]
}

const outOfSync = (states: readonly TopicState[]): Finding[] => {
  const behind = states.filter(({ partitions }) =>
    partitions.some(({ inSync, replicas }) => inSync < replicas),
  )
  if (behind.length === 0) return []
  return [
    warning(
      `copies of ${namesOf(behind)} are not in sync`,
      'Look for a broker that is down, slow or has a full disk.',
    ),
  ]
}
