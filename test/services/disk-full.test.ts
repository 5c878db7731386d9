import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

/** A file system of its own, small enough to fill; mounting it takes root. */
const disk = mkdtempSync(join(tmpdir(), 'codraft-disk-'))
let server: TestServer

const run = (command: string, ...args: string[]): void => {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}

beforeAll(async () => {
  run('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk)
  server = await startServer({ dataDir: disk })
})
afterAll(async () => {
  await server?.close()
  run('umount', disk)
  rmSync(disk, { recursive: true })
})

const ballast = join(disk, 'ballast')

/** Takes all that is left, whatever the server writes meanwhile. */
const fillDisk = (): void => {
  const block = new Uint8Array(4096)
  try {
    for (;;) appendFileSync(ballast, block)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

it('on a full disk no edit is called saved, clients are told and keep theirs; with room again all are saved', async () => {
  await using writer = await connectHocuspocus(server, 'doc')
  await using other = await connectYWebsocket(server, 'doc')
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'before; ')
  await expect.poll(() => writer.isSaved).toBe(true)

  fillDisk()
  // Room that SQLite holds already may take the first of these.
  let edits = 0
  while (!writer.stateless.includes('{"type":"durability","state":"degraded"}')) {
    writer.text.insert(writer.text.length, `${edits++} `.padStart(10_000, '.'))
    await expect.poll(() => other.text.length).toBe(writer.text.length)
  }
  other.text.insert(0, 'from the other; ')
  await expect.poll(() => writer.text.toJSON()).toContain('from the other; ')
  expect(writer.isSaved).toBe(false)
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(503)

  rmSync(ballast)
  await expect.poll(() => writer.isSaved).toBe(true)
  await expect.poll(async () => (await fetch(`${server.url}/health/ready`)).status).toBe(200)
  await server.restart('SIGKILL')
  await using reader = await connectHocuspocus(server, 'doc')
  await expect.poll(() => reader.text.toJSON()).toBe(writer.text.toJSON())
})

it('killed while its disk is full, the server has every edit that it called saved, and clients bring the rest', async () => {
  await using writer = await connectHocuspocus(server, 'killed')
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'saved')
  await expect.poll(() => writer.isSaved).toBe(true)
  fillDisk()
  while (!writer.stateless.includes('{"type":"durability","state":"degraded"}')) {
    const { length } = writer.text
    writer.text.insert(length, '.'.repeat(10_000))
    await expect.poll(() => writer.provider.unsyncedChanges === 0 || writer.stateless.length > 0).toBe(true)
  }
  await server.kill('SIGKILL')
  rmSync(ballast)
  await server.start()
  await expect.poll(() => writer.isSaved).toBe(true)
  await using reader = await connectHocuspocus(server, 'killed')
  await expect.poll(() => reader.text.toJSON()).toBe(writer.text.toJSON())
})
