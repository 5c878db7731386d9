import { z } from 'zod'
import { parseWorkers, workerNames } from '../workers/names.ts'
import { anyNumber, flag, list, settings } from './leaf.ts'

/** Settings of event log and workers. */
export const eventsSettings = {
  kafkaBrokers: list().register(settings, {
    env: 'KAFKA_BROKERS',
    group: 'Events',
    description:
      'Apache Kafka that carries the events: host:port, comma-separated. Without it they are kept in the data folder.',
  }),
  kafkaSsl: flag(false).register(settings, {
    env: 'KAFKA_SSL',
    group: 'Events',
    description: 'Whether the brokers are reached over TLS: true or false.',
  }),
  kafkaSaslMechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .default('plain')
    .register(settings, {
      env: 'KAFKA_SASL_MECHANISM',
      group: 'Events',
      description: 'How KAFKA_USERNAME logs in: plain, scram-sha-256 or scram-sha-512.',
    }),
  kafkaUsername: z
    .string()
    .optional()
    .register(settings, { env: 'KAFKA_USERNAME', group: 'Events', description: 'User of the brokers.' }),
  kafkaPassword: z.string().optional().register(settings, {
    env: 'KAFKA_PASSWORD',
    secret: true,
    group: 'Events',
    description: 'Password of KAFKA_USERNAME.',
  }),
  workers: z
    .string()
    .default('all')
    .refine(
      (text) => parseWorkers(text) !== undefined,
      `must be all, none, or some of ${workerNames.join(', ')}, comma-separated`,
    )
    .register(settings, {
      env: 'WORKERS',
      group: 'Events',
      description:
        'Workers that run inside the server: all, none, or names with commas between. Those that run by `codraft work` are left out here.',
    }),
  workerPort: anyNumber.int().min(0).max(65_535).optional().register(settings, {
    env: 'WORKER_PORT',
    group: 'Events',
    description:
      'Port of /health and /metrics of `codraft work`; 0 picks a free one. Not set: it listens on none.',
  }),
}
