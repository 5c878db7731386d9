import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answers, freePort } from '../../scripts/services/network.ts'
import { ServiceProcess } from '../../scripts/services/ServiceProcess.ts'
import { serviceVariable } from './services.ts'

export interface Balancer {
  readonly url: string
  readonly socketUrl: string
  close(): Promise<void>
}

/**
 * A real nginx with docker/nginx.conf, after `edit`; otherwise only addresses and paths are those of the test. It is
 * one process, so that nothing outlives the test: workers outlive a master that is killed.
 */
export const startNginx = async (
  instanceUrls: readonly string[],
  edit = (config: string): string => config,
): Promise<Balancer> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-nginx-'))
  const port = await freePort()
  const shipped = await readFile(new URL('../../docker/nginx.conf', import.meta.url), 'utf8')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(' ')
  const config = edit(shipped)
    .replaceAll(
      /codraft-(\d):8080/g,
      (_match, number: string) => new URL(instanceUrls[Number(number) - 1]!).host,
    )
    .replace('worker_processes auto', 'worker_processes 1')
    .replace('/var/run/nginx.pid', join(folder, 'nginx.pid'))
    .replace('listen 80;', `listen 127.0.0.1:${port}; location = /nginx-is-up { return 204; }`)
    .replace('access_log off;', `access_log off; ${temporary}`)
  const path = join(folder, 'nginx.conf')
  await writeFile(path, config)
  const url = `http://127.0.0.1:${port}`
  const service = await ServiceProcess.start({
    command: serviceVariable('CODRAFT_TEST_NGINX'),
    args: [
      '-c',
      path,
      '-p',
      folder,
      '-e',
      join(folder, 'error.log'),
      '-g',
      'daemon off; master_process off;',
    ],
    log: join(folder, 'output.log'),
    isReady: () => answers(`${url}/nginx-is-up`),
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
