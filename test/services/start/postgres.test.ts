import { expect, it } from 'vitest'
import { run } from '../../../scripts/services/command.ts'
import { postgres } from '../../../scripts/services/postgres.ts'
import { serviceVariable, startOwn } from '../../helpers/services.ts'

const query = async (url: string, sql: string): Promise<string> =>
  (await run('psql', ['-X', '-A', '-t', '-d', url, '-c', sql])).trim()

it('PostgreSQL serves', async () => {
  expect(await query(serviceVariable('CODRAFT_TEST_POSTGRES_URL'), 'select 1 + 1')).toBe('2')
})

it('PostgreSQL keeps over a kill what it has committed', async () => {
  const own = await startOwn(postgres)
  const url = own.env['CODRAFT_TEST_POSTGRES_URL']!
  await query(url, "create table kept as select 'row' as content")
  await own.kill()
  await expect(query(url, 'select 1')).rejects.toThrow(/refused/)
  await own.start()
  expect(await query(url, 'select content from kept')).toBe('row')
  await own.close()
})
