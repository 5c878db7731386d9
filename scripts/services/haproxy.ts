import { findCommand } from './command.ts'
import { installPackages } from './debian.ts'
import { runningService, type Service } from './Service.ts'

/** HAProxy: only its program, since the configuration is what a test is about. */
export const haproxy: Service = {
  name: 'haproxy',
  variables: ['CODRAFT_TEST_HAPROXY'],
  async install() {
    if (findCommand('haproxy') === undefined) await installPackages('haproxy')
  },
  async start() {
    const program = findCommand('haproxy')
    if (program === undefined) throw new Error('HAProxy is not installed')
    return runningService({ CODRAFT_TEST_HAPROXY: program })
  },
}
