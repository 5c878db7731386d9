import { kafka, startBrokers } from './kafka.ts'
import type { Service } from './Service.ts'

/** Apache Kafka, three brokers: a topic has three replicas, of which two must have a record. */
export const kafkaCluster: Service = {
  name: 'kafka-cluster',
  variables: ['CODRAFT_TEST_KAFKA_CLUSTER'],
  install: () => kafka.install(),
  start: (options) => startBrokers({ ...options, count: 3, variable: 'CODRAFT_TEST_KAFKA_CLUSTER' }),
}
