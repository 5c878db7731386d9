import { haproxy } from './haproxy.ts'
import { kafka } from './kafka.ts'
import { kafkaCluster } from './kafka-cluster.ts'
import { mailpit } from './mailpit.ts'
import { nginx } from './nginx.ts'
import { otelCollector } from './otel-collector.ts'
import { postgres } from './postgres.ts'
import { prometheus } from './prometheus.ts'
import { redis } from './redis.ts'
import { redisCluster } from './redis-cluster.ts'
import { s3 } from './s3.ts'
import type { Service } from './Service.ts'
import { toxiproxy } from './toxiproxy.ts'

export const services: readonly Service[] = [
  redis,
  redisCluster,
  postgres,
  s3,
  kafka,
  kafkaCluster,
  mailpit,
  toxiproxy,
  nginx,
  prometheus,
  haproxy,
  otelCollector,
]
