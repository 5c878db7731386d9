import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RedisConnection, RedisJournal } from '../../extensions/redis/index.ts'
import { journalConformance } from '../conformance/journal.ts'
import { serviceVariable } from '../helpers/services.ts'

const open = async (
  url: string,
  prefix: string,
): Promise<{ journal: RedisJournal; close(): Promise<void> }> => {
  const connection = await RedisConnection.open({ url, prefix })
  const journal = await RedisJournal.open({ connection, instance: 'instance' })
  return {
    journal,
    async close() {
      await journal.close()
      connection.close()
    },
  }
}

for (const [name, variable] of [
  ['Redis', 'CODRAFT_TEST_REDIS_URL'],
  ['Redis Cluster', 'CODRAFT_TEST_REDIS_CLUSTER'],
] as const) {
  journalConformance(name, async () => {
    const prefix = `test-${randomUUID()}:`
    let opened = await open(serviceVariable(variable), prefix)
    return {
      journal: opened.journal,
      async reopen() {
        await opened.close()
        opened = await open(serviceVariable(variable), prefix)
        return opened.journal
      },
      dispose: () => opened.close(),
    }
  })

  describe(`${name}: a journal that has lost its end`, () => {
    let connection: RedisConnection
    let journal: RedisJournal
    const edit = Uint8Array.of(1)
    beforeEach(async () => {
      connection = await RedisConnection.open({
        url: serviceVariable(variable),
        prefix: `test-${randomUUID()}:`,
      })
      journal = await RedisJournal.open({ connection, instance: 'instance' })
    })
    afterEach(async () => {
      await journal.close()
      connection.close()
    })

    it('never gives a position again that a snapshot may name', async () => {
      const lost: string[] = []
      journal.onLoss((documentName) => lost.push(documentName))
      for (let i = 0; i < 3; i++) await journal.whenDurable(journal.append('doc', edit))
      await connection.commands.del(connection.keys.edits('doc'))
      await journal.whenDurable(journal.append('doc', edit))
      expect((await journal.read('doc', 3)).map(({ position }) => position)).toEqual([4])
      expect(lost).toEqual(['doc'])
    })

    it('goes on above the position that a reader names', async () => {
      expect(await journal.read('doc', 500)).toEqual([])
      await journal.whenDurable(journal.append('doc', edit))
      expect((await journal.read('doc', 500)).map(({ position }) => position)).toEqual([501])
    })

    it('reports a damaged record with the name of its document', async () => {
      await connection.commands.xadd(connection.keys.edits('damaged'), '0-1', 'u', 'no record')
      await expect(journal.read('damaged')).rejects.toThrow(
        'CODRAFT_DOCUMENT_CORRUPT: damaged: journal record 1 fails its checksum',
      )
    })
  })
}
