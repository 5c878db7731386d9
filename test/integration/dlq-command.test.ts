import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { SqliteEventLog } from '../../extensions/events/index.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer } from '../helpers/server.ts'

const execute = promisify(execFile)
const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

it('codraft dlq lists, shows, retries and drops; codraft replay derives analytics anew', async () => {
  await using server = await startServer()
  const codraft = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, CODRAFT_DATA_DIR: server.dataDir }
    return (await execute(process.execPath, [main, ...args], { env })).stdout
  }
  const author = await restClient(server, 'author')
  await author.put(documentPath('notes'), { body: 'some text' })
  const analytics = async () => (await author.get(documentPath('notes', '/analytics'))).json['total']
  await expect.poll(analytics).toMatchObject({ edits: 1, editors: 1 })

  const log = await SqliteEventLog.open({ path: join(server.dataDir, 'events.sqlite') })
  for (const value of ['neither', 'of these', 'is an event']) {
    await log.publish('analytics', [{ key: 'notes', value }])
  }
  await log.close()
  await expect
    .poll(async () => (await codraft('dlq', 'list')).split('\n').map((line) => line.split('  ')[0]))
    .toEqual(['analytics/0', 'analytics/1', 'analytics/2', ''])
  expect(await codraft('dlq', 'list')).toMatch(
    /analytics\/0 {2}20\S+Z {2}codraft-analytics {2}no event {2}1 attempt {2}.*CODRAFT_EVENT_INVALID.*not JSON/,
  )
  expect(JSON.parse(await codraft('dlq', 'show', 'analytics/1'))).toMatchObject({
    id: 'analytics/1',
    key: 'notes',
    value: 'of these',
  })
  await codraft('dlq', 'drop', 'analytics/0')
  await codraft('dlq', 'retry', 'analytics/1')
  // It is still no event, so that it comes back.
  await expect
    .poll(async () => (await codraft('dlq', 'list')).match(/^\S+/gm))
    .toEqual(['analytics/2', 'analytics/3'])
  await expect(codraft('dlq', 'show', 'analytics/0')).rejects.toThrow('CODRAFT_NOT_FOUND')
  await expect(codraft('dlq', 'drop')).rejects.toThrow('CODRAFT_REQUEST_INVALID')
  await codraft('dlq', 'drop', '--all')
  expect(await codraft('dlq', 'list')).toBe('')

  await expect(codraft('replay', '--group', 'analytics', '--rebuild')).rejects.toThrow('CODRAFT_GROUP_ACTIVE')
  await expect(codraft('replay', '--group', 'nobody', '--to', 'end')).rejects.toThrow(
    'CODRAFT_REQUEST_INVALID',
  )
  const before = await analytics()
  await server.kill('SIGTERM')
  expect(await codraft('replay', '--group', 'analytics', '--to', 'beginning')).toContain('goes on from')
  expect(await codraft('replay', '--group', 'exports', '--to', '2030-01-01')).toContain('goes on from')
  expect(await codraft('replay', '--group', 'analytics', '--rebuild')).toContain('all events')
  await server.start()
  await expect.poll(analytics).toEqual(before)
})
