import type { beforeSyncPayload } from '@hocuspocus/server'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { defaultGuardLimits, defaultSyncLimits, Guard } from './index.ts'

const [step1, step2, update] = [0, 1, 2]

const sync = (guard: Guard, type: number | undefined, payload: Uint8Array): Promise<void> =>
  guard.beforeSync({ type, payload, document: new Y.Doc() } as beforeSyncPayload)

const source = new Y.Doc()
source.getText('t').insert(0, 'hello')
const honest = Y.encodeStateAsUpdate(source)
const harmful = Uint8Array.of(1, 1, 7, 0, 0, 0, 0)

it('lets honest updates and state vectors pass', async () => {
  const guard = new Guard()
  await sync(guard, step1, Y.encodeStateVector(source))
  await sync(guard, step2, honest)
  await sync(guard, update, honest)
})

it('refuses a harmful update with a reason that Hocuspocus closes the connection with', async () => {
  for (const type of [step2, update]) {
    await expect(sync(new Guard(), type, harmful)).rejects.toMatchObject({
      code: 4400,
      reason: 'CODRAFT_UPDATE_REJECTED: absurd length',
    })
  }
})

it('lets an update with a gap pass', async () => {
  const vector = Y.encodeStateVector(source)
  source.getText('t').insert(5, ' world')
  await sync(new Guard(), update, Y.encodeStateAsUpdate(source, vector))
})

it('has limits of its own for the first synchronisation', async () => {
  const guard = new Guard({
    updateLimits: { ...defaultGuardLimits, maxBytes: 8 },
    syncLimits: defaultSyncLimits,
  })
  await sync(guard, step2, honest)
  await expect(sync(guard, update, honest)).rejects.toMatchObject({
    reason: 'CODRAFT_UPDATE_REJECTED: larger than 8 bytes',
  })
})
