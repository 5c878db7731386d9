import { existsSync, readdirSync } from 'node:fs'
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import { findCommand, run, succeeds } from './command.ts'
import { installPackages } from './debian.ts'
import { freePort } from './network.ts'
import { runningService, type Service, type StartOptions } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

export interface PostgresOptions extends StartOptions {
  /** As in postgresql.conf; they win over the default, which survives a kill but no power loss. */
  readonly settings?: Readonly<Record<string, string>>
}

const superuser = 'codraft'

/** PostgreSQL; the superuser `codraft` needs no password. */
export const postgres: Service<PostgresOptions> = {
  name: 'postgres',
  variables: ['CODRAFT_TEST_POSTGRES_URL'],
  async install() {
    if (findServer() === undefined) await installPackages('postgresql')
  },
  async start({ folder, port: wanted, settings }) {
    const server = findServer()
    if (server === undefined) throw new Error('PostgreSQL is not installed')
    const port = wanted ?? (await freePort())
    const user = await unprivilegedUser()
    if (user) await chown(folder, user.uid, user.gid)
    const data = join(folder, 'data')
    if (!existsSync(data)) {
      const options = ['-U', superuser, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync']
      await run(join(server, 'initdb'), ['-D', data, ...options], {}, user)
    }
    const allSettings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      max_connections: '200',
      fsync: 'off',
      full_page_writes: 'off',
      ...settings,
    }
    const node = await ServiceProcess.start({
      command: join(server, 'postgres'),
      args: ['-D', data, ...Object.entries(allSettings).map(([name, value]) => `--${name}=${value}`)],
      ...(user && { user }),
      log: join(folder, 'postgres.log'),
      isReady: () => succeeds(join(server, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-q']),
      // Fast shutdown: closes connections instead of waiting for them.
      stopSignal: 'SIGINT',
    })
    return runningService(
      { CODRAFT_TEST_POSTGRES_URL: `postgres://${superuser}@127.0.0.1:${port}/postgres` },
      node,
    )
  },
}

/** Folder of the server's programs, which Debian keeps off the path. */
const findServer = (): string | undefined => {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = versions.map((version) => join(debian, version, 'bin'))
  return [...folders, join(findCommand('postgres') ?? '/', '..')].find((folder) =>
    existsSync(join(folder, 'postgres')),
  )
}

/** PostgreSQL refuses to run as root; its Debian package brings a user. */
const unprivilegedUser = async (): Promise<{ uid: number; gid: number } | undefined> => {
  if (process.getuid?.() !== 0) return undefined
  const id = async (flag: string): Promise<number> => Number(await run('id', [flag, 'postgres']))
  return { uid: await id('-u'), gid: await id('-g') }
}
