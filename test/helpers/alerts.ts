import { readFileSync } from 'node:fs'

export const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The names of the alerts in docker/alerts.yml, in their order. */
export const alertNames = (): string[] =>
  Array.from(read('docker/alerts.yml').matchAll(/- alert: (\w+)/g), ([, name]) => name as string)

/** The queries of all panels of the dashboard, with `$__rate_interval` filled in. */
export const dashboardQueries = (): string[] => {
  const { panels } = JSON.parse(read('docker/grafana/codraft.json')) as {
    panels: { targets?: { expr: string }[] }[]
  }
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll('$__rate_interval', '1m'))
}
