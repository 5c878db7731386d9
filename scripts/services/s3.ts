import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { goTool } from './go-tool.ts'
import { answers, freePort } from './network.ts'
import { runningService, type Service } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

const versityGateway = goTool('versitygw', {
  package: 'github.com/versity/versitygw/cmd/versitygw',
  version: 'v1.8.0',
})
const accessKey = 'codraft-tests'
const secretKey = 'not-a-secret-but-long-enough'

/** S3: VersityGW over a folder, whose file system must keep extended attributes. */
export const s3: Service = {
  name: 's3',
  variables: ['CODRAFT_TEST_S3_ENDPOINT', 'CODRAFT_TEST_S3_ACCESS_KEY', 'CODRAFT_TEST_S3_SECRET_KEY'],
  install: () => versityGateway.install(),
  async start({ folder, port: wanted }) {
    const port = wanted ?? (await freePort())
    const endpoint = `http://127.0.0.1:${port}`
    const [data, iam] = ['data', 'iam'].map((name) => join(folder, name)) as [string, string]
    await mkdir(data, { recursive: true })
    await mkdir(iam, { recursive: true })
    const node = await ServiceProcess.start({
      command: versityGateway.path,
      args: [
        `--port=127.0.0.1:${port}`,
        `--iam-dir=${iam}`,
        '--health=/healthz',
        '--keep-alive',
        '--quiet',
        'posix',
        data,
      ],
      env: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      log: join(folder, 'versitygw.log'),
      isReady: () => answers(`${endpoint}/healthz`),
    })
    const env = {
      CODRAFT_TEST_S3_ENDPOINT: endpoint,
      CODRAFT_TEST_S3_ACCESS_KEY: accessKey,
      CODRAFT_TEST_S3_SECRET_KEY: secretKey,
    }
    return runningService(env, node)
  },
}
