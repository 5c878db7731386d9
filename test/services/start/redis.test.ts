import { expect, it } from 'vitest'
import { run } from '../../../scripts/services/command.ts'
import { redis } from '../../../scripts/services/redis.ts'
import { serviceVariable, startOwn } from '../../helpers/services.ts'

const cli = async (url: string, ...command: string[]): Promise<string> =>
  (await run('redis-cli', ['-u', url, ...command])).trim()

it('Redis serves', async () => {
  expect(await cli(serviceVariable('CODRAFT_TEST_REDIS_URL'), 'ping')).toBe('PONG')
})

it('Redis keeps over a kill what it has confirmed', async () => {
  const own = await startOwn(redis)
  const url = own.env['CODRAFT_TEST_REDIS_URL']!
  expect(await cli(url, 'set', 'key', 'kept')).toBe('OK')
  await own.kill()
  await expect(cli(url, 'ping')).rejects.toThrow(/refused/)
  await own.start()
  expect(await cli(url, 'get', 'key')).toBe('kept')
  await own.close()
})
