import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../../../scripts/services/command.ts'
import { serviceVariable } from '../../helpers/services.ts'

it('nginx knows the directive that sends a document to one server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-nginx-'))
  const check = async (directive: string): Promise<string> => {
    const file = join(folder, 'nginx.conf')
    const upstream = `upstream codraft { ${directive}; server 127.0.0.1:8080; }`
    await writeFile(
      file,
      `pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${upstream} }`,
    )
    return run(serviceVariable('CODRAFT_TEST_NGINX'), ['-t', '-q', '-p', folder, '-c', file])
  }
  await check('hash $uri consistent')
  await expect(check('hash_by_magic on')).rejects.toThrow(/unknown directive "hash_by_magic"/)
  await rm(folder, { recursive: true })
})
