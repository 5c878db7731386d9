import { findCommand } from './command.ts'
import { installPackages } from './debian.ts'
import { runningService, type Service } from './Service.ts'

/** Prometheus: only its programs, since the configuration is what a test is about. */
export const prometheus: Service = {
  name: 'prometheus',
  variables: ['CODRAFT_TEST_PROMETHEUS', 'CODRAFT_TEST_PROMTOOL'],
  async install() {
    if (findCommand('promtool') === undefined) await installPackages('prometheus')
  },
  async start() {
    const [server, tool] = ['prometheus', 'promtool'].map(findCommand)
    if (server === undefined || tool === undefined) throw new Error('prometheus is not installed')
    return runningService({ CODRAFT_TEST_PROMETHEUS: server, CODRAFT_TEST_PROMTOOL: tool })
  },
}
