import { findCommand } from './command.ts'
import { installPackages } from './debian.ts'
import { runningService, type Service } from './Service.ts'

/** nginx: only its program, since the configuration is what a test is about. */
export const nginx: Service = {
  name: 'nginx',
  variables: ['CODRAFT_TEST_NGINX'],
  async install() {
    if (findCommand('nginx') === undefined) await installPackages('nginx')
  },
  async start() {
    const program = findCommand('nginx')
    if (program === undefined) throw new Error('nginx is not installed')
    return runningService({ CODRAFT_TEST_NGINX: program })
  },
}
