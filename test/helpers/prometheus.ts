import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../../scripts/services/network.ts'
import { ServiceProcess } from '../../scripts/services/ServiceProcess.ts'
import { read } from './alerts.ts'
import { serviceVariable } from './services.ts'

export interface Prometheus {
  /** The values that a query gives now. */
  query(expression: string): Promise<number[]>
  /** Names of the alerts that fire now, each once. */
  firing(): Promise<string[]>
  close(): Promise<void>
}

/** The shipped rules and configuration, in seconds where they count in minutes. */
const quick = (text: string): string =>
  text
    .replaceAll(/\[(?:5|30)m\]/g, '[6s]')
    .replaceAll(/for: \d+\w/g, 'for: 1s')
    .replaceAll(/(scrape|evaluation)_interval: 15s/g, '$1_interval: 1s')

/** A real Prometheus with docker/prometheus.yml and docker/alerts.yml, a hundred times as fast. */
export const startPrometheus = async (targets: readonly string[]): Promise<Prometheus> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-prometheus-'))
  const port = await freePort()
  await writeFile(join(folder, 'alerts.yml'), quick(read('docker/alerts.yml')))
  const config = quick(read('docker/prometheus.yml')).replace(
    /targets: \[.*\]/,
    `targets: ${JSON.stringify(targets)}`,
  )
  await writeFile(join(folder, 'prometheus.yml'), config)
  const url = `http://127.0.0.1:${port}`
  const service = await ServiceProcess.start({
    command: serviceVariable('CODRAFT_TEST_PROMETHEUS'),
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    log: join(folder, 'output.log'),
    isReady: () => answers(`${url}/-/ready`),
  })
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}`)
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string }
    if (status !== 'success') throw new Error(`${path}: ${error}`)
    return data
  }
  return {
    async query(expression) {
      const { result } = await ask<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      )
      return result.map(({ value }) => Number(value[1]))
    },
    async firing() {
      const { alerts } = await ask<{ alerts: { state: string; labels: { alertname: string } }[] }>('alerts')
      const names = alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname)
      return [...new Set(names)].toSorted()
    },
    async close() {
      await service.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
