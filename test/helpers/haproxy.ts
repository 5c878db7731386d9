import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../../scripts/services/network.ts'
import { ServiceProcess } from '../../scripts/services/ServiceProcess.ts'
import type { Balancer } from './nginx.ts'
import { serviceVariable } from './services.ts'

/** A real HAProxy with docker/haproxy.cfg; only addresses are those of the test. */
export const startHaproxy = async (instanceUrls: readonly string[]): Promise<Balancer> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-haproxy-'))
  const port = await freePort()
  const shipped = await readFile(new URL('../../docker/haproxy.cfg', import.meta.url), 'utf8')
  const path = join(folder, 'haproxy.cfg')
  await writeFile(
    path,
    shipped
      .replaceAll(
        /codraft-(\d):8080/g,
        (_match, number: string) => new URL(instanceUrls[Number(number) - 1]!).host,
      )
      .replace('bind :80', `bind 127.0.0.1:${port}`),
  )
  const url = `http://127.0.0.1:${port}`
  const service = await ServiceProcess.start({
    command: serviceVariable('CODRAFT_TEST_HAPROXY'),
    args: ['-db', '-f', path],
    log: join(folder, 'output.log'),
    isReady: () => answers(`${url}/health/ready`),
  })
  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    async close() {
      await service.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
