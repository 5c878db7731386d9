import { join } from 'node:path'
import { goTool } from './go-tool.ts'
import { answers, freePort } from './network.ts'
import { runningService, type Service } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

const program = goTool('toxiproxy', {
  package: 'github.com/Shopify/toxiproxy/v2/cmd/server',
  version: 'v2.5.0',
})

/** Toxiproxy: proxies that are made, cut, slowed down and mended through its HTTP interface. */
export const toxiproxy: Service = {
  name: 'toxiproxy',
  variables: ['CODRAFT_TEST_TOXIPROXY_URL'],
  install: () => program.install(),
  async start({ folder, port: wanted }) {
    const port = wanted ?? (await freePort())
    const url = `http://127.0.0.1:${port}`
    const node = await ServiceProcess.start({
      command: program.path,
      args: ['-host=127.0.0.1', `-port=${port}`],
      env: { LOG_LEVEL: 'warn' },
      log: join(folder, 'toxiproxy.log'),
      isReady: () => answers(`${url}/version`),
    })
    return runningService({ CODRAFT_TEST_TOXIPROXY_URL: url }, node)
  },
}
