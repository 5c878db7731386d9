import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { cached, cachePath } from './cache.ts'
import { findCommand, run } from './command.ts'
import { installPackages } from './debian.ts'
import { freePort } from './network.ts'
import { runningService, type RunningService, type Service, type StartOptions } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

const version = '4.4.0'
const libraries = `kafka-${version}`
const clusterId = 'Y29kcmFmdC10ZXN0cy0wMQ'

/** Apache Kafka, one broker. */
export const kafka: Service = {
  name: 'kafka',
  variables: ['CODRAFT_TEST_KAFKA_BROKERS'],
  async install() {
    if (findCommand('java') === undefined) await installPackages('default-jre-headless')
    if (existsSync(cachePath(libraries))) return
    if (findCommand('mvn') === undefined) await installPackages('maven')
    await cached(libraries, `fetching Kafka ${version}`, fetchLibraries)
  },
  start: (options) => startBrokers({ ...options, count: 1, variable: 'CODRAFT_TEST_KAFKA_BROKERS' }),
}

/** Kafka has no package that holds it whole; its jars and theirs come from Maven Central. */
const fetchLibraries = async (folder: string): Promise<string> => {
  const dependency = (group: string, artifact: string, version: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  const project = join(folder, 'pom.xml')
  await writeFile(
    project,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>codraft</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', version)}
${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
</dependencies></project>
`,
  )
  const jars = join(folder, 'jars')
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${jars}`, '-DincludeScope=runtime']
  await run('mvn', ['-q', '-B', '-ntp', '-f', project, ...goal])
  return jars
}

interface BrokersOptions extends StartOptions {
  readonly count: number
  readonly variable: string
}

/** Brokers that are controllers too. The first one listens on `port`. */
export const startBrokers = async ({
  folder,
  port,
  count,
  variable,
}: BrokersOptions): Promise<RunningService> => {
  const clientPorts = await Promise.all(
    Array.from({ length: count }, async (_, index) => (index === 0 && port) || freePort()),
  )
  const controllerPorts = await Promise.all(Array.from({ length: count }, freePort))
  const voters = controllerPorts.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(',')
  const brokers = await Promise.all(
    clientPorts.map((clientPort, index) =>
      startBroker(resolve(folder, `broker-${index + 1}`), {
        ...clusterSettings(count),
        'node.id': index + 1,
        'controller.quorum.voters': voters,
        listeners: `PLAINTEXT://127.0.0.1:${clientPort},CONTROLLER://127.0.0.1:${controllerPorts[index]}`,
        'advertised.listeners': `PLAINTEXT://127.0.0.1:${clientPort}`,
      }),
    ),
  )
  const addresses = clientPorts.map((port) => `127.0.0.1:${port}`).join(',')
  return runningService({ [variable]: addresses }, ...brokers)
}

type Settings = Readonly<Record<string, string | number | boolean>>

/** As a production cluster of this size would be set, with small tables and quick elections. */
const clusterSettings = (count: number): Settings => {
  const replicas = Math.min(3, count)
  const inSync = Math.max(1, replicas - 1)
  return {
    'process.roles': 'broker,controller',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 10,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 10,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'log.segment.bytes': 64 * 1024 * 1024,
    'controller.quorum.election.timeout.ms': 500,
    'controller.quorum.fetch.timeout.ms': 1_000,
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
  }
}

const javaOptions = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  // Its "started" is the sign that the broker serves; the port is open before.
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
]

const startBroker = async (folder: string, settings: Settings): Promise<ServiceProcess> => {
  const isNew = !existsSync(folder)
  await mkdir(folder, { recursive: true })
  const [file, data, log] = ['server.properties', 'data', 'broker.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const lines = Object.entries({ ...settings, 'log.dirs': data }).map(([name, value]) => `${name}=${value}`)
  await writeFile(file, `${lines.join('\n')}\n`)
  const java = (...args: string[]): string[] => [...javaOptions, '-cp', `${cachePath(libraries)}/*`, ...args]
  if (isNew) await run('java', java('kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file))
  return ServiceProcess.start({
    command: 'java',
    args: java('kafka.Kafka', file),
    log,
    isReady: async () => (await readFile(log, 'utf8')).includes('Kafka Server started'),
  })
}
