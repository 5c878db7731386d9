import { join } from 'node:path'
import { goTool } from './go-tool.ts'
import { answers, freePort } from './network.ts'
import { runningService, type Service } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

const program = goTool('mailpit', { package: 'github.com/axllent/mailpit', version: 'v1.27.11' })

/** Mailpit: takes all mail by SMTP (`port`), shows it by HTTP (`/api/v1/messages`). */
export const mailpit: Service = {
  name: 'mailpit',
  variables: ['CODRAFT_TEST_SMTP_URL', 'CODRAFT_TEST_MAILPIT_URL'],
  install: () => program.install(),
  async start({ folder, port: wanted }) {
    const port = wanted ?? (await freePort())
    const httpPort = await freePort()
    const node = await ServiceProcess.start({
      command: program.path,
      args: [
        `--smtp=127.0.0.1:${port}`,
        `--listen=127.0.0.1:${httpPort}`,
        `--database=${join(folder, 'mail.db')}`,
        '--max=0',
        '--disable-version-check',
        '--smtp-auth-accept-any',
        '--smtp-auth-allow-insecure',
      ],
      log: join(folder, 'mailpit.log'),
      isReady: () => answers(`http://127.0.0.1:${httpPort}/readyz`),
    })
    const env = {
      CODRAFT_TEST_SMTP_URL: `smtp://127.0.0.1:${port}`,
      CODRAFT_TEST_MAILPIT_URL: `http://127.0.0.1:${httpPort}`,
    }
    return runningService(env, node)
  },
}
