import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { diagnose } from '../helpers/doctor.ts'
import { startServer, testSecret } from '../helpers/server.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'codraft-doctor-'))
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const settings = () => ({ CODRAFT_DATA_DIR: dataDir, AUTH_JWT_SECRET: testSecret })

it('finds nothing on a healthy server with all parts embedded, before its first start and while it runs', async () => {
  expect(await diagnose(settings())).toEqual({ exitCode: 0, problems: [], cures: [] })
  await using server = await startServer({ dataDir })
  expect(await diagnose({ ...settings(), PUBLIC_URL: server.url })).toEqual({
    exitCode: 0,
    problems: [],
    cures: [],
  })
})

it('finds bad settings, each of them', async () => {
  const { exitCode, problems } = await diagnose({ ...settings(), PORT: 'eighty', REDIS_WAIT_REPLICAS: '9' })
  expect(exitCode).toBe(1)
  expect(problems).toEqual([
    expect.stringMatching(/^settings: PORT must be a number/),
    expect.stringMatching(/^settings: REDIS_WAIT_REPLICAS must be at most 5/),
  ])
})

it('finds a limit of open files below the connections that are admitted', async () => {
  const { exitCode, problems } = await diagnose(
    { ...settings(), MAX_CONNECTIONS: '2000' },
    { shell: 'ulimit -n 2000' },
  )
  expect(exitCode).toBe(1)
  expect(problems).toEqual(['file limit: a process may open 2000 files, and MAX_CONNECTIONS is 2000'])
})

it('finds a database that was not migrated, and one of a newer version', async () => {
  await (await startServer({ dataDir })).close()
  const database = new DatabaseSync(join(dataDir, 'store.sqlite'))
  database.exec(`DELETE FROM migrations WHERE name = '0005-preferences'`)
  expect(await diagnose(settings())).toMatchObject({
    exitCode: 0,
    problems: ['database: the database lacks 0005-preferences'],
  })
  database.exec(
    `INSERT INTO migrations (name, timestamp) VALUES ('0005-preferences', ''), ('9999-future', '')`,
  )
  database.close()
  expect(await diagnose(settings())).toMatchObject({
    exitCode: 1,
    problems: ['database: the database was changed by a newer version (9999-future)'],
  })
})

it('finds that nothing answers at PUBLIC_URL', async () => {
  const { exitCode, problems } = await diagnose({ ...settings(), PUBLIC_URL: 'http://127.0.0.1:9' })
  expect(exitCode).toBe(1)
  expect(problems).toEqual(['proxy: no codraft answers at PUBLIC_URL (http://127.0.0.1:9)'])
})
