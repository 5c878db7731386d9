import { expect, it } from 'vitest'
import { run } from '../../../scripts/services/command.ts'
import { serviceVariable } from '../../helpers/services.ts'

it('Redis Cluster spreads keys over three nodes, and each one leads to the others', async () => {
  const nodes = serviceVariable('CODRAFT_TEST_REDIS_CLUSTER').split(',')
  expect(nodes).toHaveLength(3)
  for (const [index, node] of nodes.entries()) {
    const cli = (...command: string[]): Promise<string> =>
      run('redis-cli', ['-c', '-u', `redis://${node}`, ...command])
    for (let key = 0; key < 10; key++) await cli('set', `start-${key}`, String(index))
    expect(await cli('get', 'start-9')).toBe(`${index}\n`)
    expect(Number(await cli('dbsize'))).toBeGreaterThan(0)
  }
})
