import { RedisConnection } from '../../extensions/redis/index.ts'
import { inspectDatabase } from '../store/inspect-database.ts'
import type { Config } from '../config.ts'
import { problem, type Check, type Finding } from './Check.ts'

/** What the clock of another machine says, ms since the epoch. */
type Clock = () => Promise<number>

const redisClock = async (url: string): Promise<number> => {
  const connection = await RedisConnection.open({ url })
  try {
    const [seconds = 0, microseconds = 0] = (await connection.nodes[0]?.time()) ?? []
    return seconds * 1_000 + microseconds / 1_000
  } finally {
    connection.close()
  }
}

/** Of the answer of an HTTP server, in whole seconds. */
const httpClock = async (url: string): Promise<number> => {
  const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(5_000) })
  return Date.parse(response.headers.get('date') ?? '') + 500
}

const clocksOf = ({ redisUrl, databases, publicUrl, s3Bucket, s3Endpoint }: Config): [string, Clock][] => [
  ...(redisUrl === undefined ? [] : [['Redis', () => redisClock(redisUrl)] satisfies [string, Clock]]),
  ...databases.map((url): [string, Clock] => [
    'the database',
    async () => (await inspectDatabase(url)).clockMs ?? Number.NaN,
  ]),
  ...(publicUrl === undefined ? [] : [['PUBLIC_URL', () => httpClock(publicUrl)] satisfies [string, Clock]]),
  ...(s3Bucket === undefined || s3Endpoint === undefined
    ? []
    : [['the S3 server', () => httpClock(s3Endpoint)] satisfies [string, Clock]]),
]

const compare = async (name: string, clock: Clock, toleranceMs: number): Promise<Finding[]> => {
  const before = Date.now()
  // Whoever cannot be reached is the finding of another check.
  const theirs = await clock().catch(() => Number.NaN)
  const after = Date.now()
  const aheadMs = Math.max(before - theirs, theirs - after)
  if (!(aheadMs > toleranceMs)) return []
  const direction = theirs < before ? 'behind' : 'ahead of'
  return [
    problem(
      `the clock of ${name} is ${Math.round(aheadMs / 1_000)} s ${direction} that of this machine`,
      'Synchronise the clocks of all machines, with chrony for example: tokens, presence and retention go by them.',
    ),
  ]
}

/** Compares the clock of this machine with those of the services. */
export const clock: Check = {
  name: 'clock',
  appliesTo: (config) => clocksOf(config).length > 0,
  async run(config) {
    const toleranceMs = Math.max(1, config.tokenLeewaySeconds) * 1_000
    const all = clocksOf(config).map(([name, clock]) => compare(name, clock, toleranceMs))
    return (await Promise.all(all)).flat()
  },
}
