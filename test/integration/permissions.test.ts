import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Role } from '../../extensions/auth/index.ts'
import { createLogger, loadConfig, startServer, type CodraftServer } from '../../src/index.ts'
import { commentsDocumentOf } from '../../src/documents/comments-document.ts'
import { createInvitation } from '../../src/store/invitations.ts'
import { Store } from '../../src/store/Store.ts'
import { HocuspocusClient, YWebsocketClient } from '../helpers/clients.ts'
import { openJsonText } from '../helpers/json-client.ts'
import { testSecret } from '../helpers/server.ts'

const actor = { userId: 'ann', address: null }
/** Edits that are refused must be as many as would have been accepted in a while. */
const furtherEdits = 300

let folder: string
let server: CodraftServer
let socketUrl: string
const clients: AsyncDisposable[] = []

const start = async (settings: NodeJS.ProcessEnv = { AUTH_JWT_SECRET: testSecret }): Promise<void> => {
  const env = { PORT: '0', CODRAFT_DATA_DIR: folder, LOG_LEVEL: 'silent', ...settings }
  const config = loadConfig(env)
  server = await startServer({ config, logger: createLogger(config.logLevel) })
  socketUrl = server.url.replace('http', 'ws')
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codraft-permissions-'))
  await start()
})
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]()
  await server.stop()
  await rm(folder, { recursive: true })
})

/** A token of an application that leaves permissions to the server, or names them itself. */
const token = (userId: string, documents?: Record<string, Role>): Promise<string> =>
  new SignJWT({ ...(documents && { documents }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(testSecret))

const open = async (userId: string, name = 'notes', documents?: Record<string, Role>) => {
  const client = new HocuspocusClient({ socketUrl }, name, await token(userId, documents))
  clients.push(client)
  await expect.poll(() => client.provider.isSynced || client.deniedReason).toBeTruthy()
  return client
}

const openY = async (userId: string, name = 'notes') => {
  const client = new YWebsocketClient({ socketUrl }, name, await token(userId))
  clients.push(client)
  await expect.poll(() => client.provider.synced || client.closeReasons.length > 0).toBe(true)
  return client
}

const openJson = async (userId: string, name = 'notes') => {
  const client = await openJsonText({ socketUrl }, name, await token(userId))
  clients.push(client)
  await expect.poll(() => client.provider.synced || client.closeReason !== '').toBe(true)
  return client
}

const grant = (userId: string, role: Role | null, documentName = 'notes'): Promise<void> =>
  server.permissions.change({ documentName, userId, role, actor })

const textOf = (name = 'notes'): string =>
  server.hocuspocus.documents.get(name)?.getText('text').toJSON() ?? ''

describe('roles that the store has granted', () => {
  it('make the first one to open a document its owner, and keep others out until they get a role', async () => {
    const ann = await open('ann')
    expect(ann.provider.authorizedScope).toBe('read-write')
    expect((await open('bob')).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await openY('bob')).closeReasons).toContain('CODRAFT_DOCUMENT_FORBIDDEN')
    await grant('bob', 'viewer')
    expect((await open('bob')).provider.authorizedScope).toBe('readonly')
    expect(await server.permissions.roleOf('notes', { userId: 'ann' })).toBe('owner')
    expect(await server.permissions.roleOf('never opened', { userId: 'ann' })).toBeUndefined()
  })

  it('outlive a restart, and nobody can take a document that an application has filled', async () => {
    await open('ann')
    const robot = await open('robot', 'report', { report: 'editor' })
    robot.text.insert(0, 'figures')
    await expect.poll(() => robot.isSaved).toBe(true)
    await server.stop()
    await start()
    expect((await open('bob')).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await open('ann')).provider.authorizedScope).toBe('read-write')
    expect((await open('bob', 'report')).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await open('eve', 'report', { '*': 'viewer' })).text.toJSON()).toBe('figures')
  })

  it('stand back for what a token says', async () => {
    await open('ann')
    await grant('bob', 'editor')
    expect((await open('bob', 'notes', { notes: 'viewer' })).provider.authorizedScope).toBe('readonly')
    expect((await open('bob', 'notes', { other: 'owner' })).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
  })

  it('never leave a document without an owner', async () => {
    await open('ann')
    await expect(grant('ann', null)).rejects.toThrow('CODRAFT_LAST_OWNER')
    await expect(grant('ann', 'editor')).rejects.toThrow('CODRAFT_LAST_OWNER')
    await grant('bob', 'owner')
    await grant('ann', 'viewer')
    expect(await server.permissions.roleOf('notes', { userId: 'ann' })).toBe('viewer')
  })
})

describe('a role that is taken away while its user types', () => {
  const wires = [
    ['/collab', open],
    ['/yjs', openY],
    ['/ws', openJson],
  ] as const
  const changes = [
    ['revoked', null],
    ['demoted to viewer', 'viewer'],
  ] as const

  for (const [wire, connect] of wires) {
    it.each(changes)(`${wire}: accepts no edit after the answer when it is %s`, async (what, role) => {
      await open('ann')
      await grant('bob', 'editor')
      const bob = await connect('bob')
      let typed = 0
      const typing = setInterval(() => bob.text.insert(0, `${(typed += 1) % 10}`), 1)
      await expect.poll(() => textOf().length).toBeGreaterThan(50)

      const askedAt = performance.now()
      await grant('bob', role)
      const answeredMs = performance.now() - askedAt
      const atAnswer = textOf()
      const typedAtAnswer = typed

      await expect.poll(() => typed).toBeGreaterThan(typedAtAnswer + furtherEdits)
      clearInterval(typing)
      // What another user writes arrives, so the server has read everything that came before it.
      const eve = await open('ann')
      eve.text.insert(eve.text.length, '!')
      await expect.poll(() => eve.isSaved).toBe(true)
      expect(textOf()).toBe(`${atAnswer}!`)
      expect(atAnswer.length).toBeGreaterThan(50)
      // oxlint-disable-next-line no-console -- the measured delay
      console.log(
        `${wire}, ${what}: answered after ${answeredMs.toFixed(1)} ms; of ${typed - typedAtAnswer} later edits 0 were accepted`,
      )
    })
  }

  it('closes the document with a code, and lets nobody back in', async () => {
    await open('ann')
    await grant('bob', 'editor')
    const collab = await open('bob')
    const yjs = await openY('bob')
    const json = await openJson('bob')
    await grant('bob', null)
    await expect.poll(() => collab.closeReasons).toContain('CODRAFT_DOCUMENT_FORBIDDEN')
    await expect.poll(() => yjs.closeCodes).toContain(4403)
    await expect.poll(() => json.closeReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await open('bob')).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await openJson('bob')).closeReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
  })

  it('gives it back at once, with what was written meanwhile', async () => {
    await open('ann')
    await grant('bob', 'viewer')
    const bob = await open('bob')
    bob.text.insert(0, 'I was not allowed to')
    await expect.poll(() => bob.provider.unsyncedChanges).toBeGreaterThan(0)
    expect(textOf()).toBe('')
    await grant('bob', 'editor')
    await expect.poll(() => bob.provider.authorizedScope).toBe('read-write')
    await expect.poll(() => textOf()).toBe('I was not allowed to')
    bob.text.insert(0, 'Now ')
    await expect.poll(() => textOf()).toBe('Now I was not allowed to')
  })
})

describe('comments', () => {
  const comments = commentsDocumentOf('notes')

  it('are written by commenters, who only read the document', async () => {
    await open('ann')
    await grant('bob', 'commenter')
    await grant('eve', 'viewer')
    expect((await open('bob')).provider.authorizedScope).toBe('readonly')
    const bob = await open('bob', comments)
    expect(bob.provider.authorizedScope).toBe('read-write')
    bob.text.insert(0, 'Really?')
    await expect.poll(() => textOf(comments)).toBe('Really?')
    const eve = await open('eve', comments)
    expect(eve.provider.authorizedScope).toBe('readonly')
    expect(eve.text.toJSON()).toBe('Really?')
    expect((await open('joe', comments)).deniedReason).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
  })

  it('follow the claims on the document, and its changes', async () => {
    expect((await open('bob', comments, { notes: 'commenter' })).provider.authorizedScope).toBe('read-write')
    expect((await open('eve', comments, { notes: 'viewer' })).provider.authorizedScope).toBe('readonly')
    expect((await open('joe', comments, { [comments]: 'owner' })).deniedReason).toBe(
      'CODRAFT_DOCUMENT_FORBIDDEN',
    )
    await open('ann', 'plan')
    await grant('bob', 'commenter', 'plan')
    const bob = await open('bob', commentsDocumentOf('plan'))
    expect(bob.provider.authorizedScope).toBe('read-write')
    await grant('bob', 'viewer', 'plan')
    await expect.poll(() => bob.provider.authorizedScope).toBe('readonly')
  })

  it('have no comments of their own', async () => {
    const client = new HocuspocusClient({ socketUrl }, commentsDocumentOf(comments), await token('ann'))
    clients.push(client)
    await expect.poll(() => client.closeReasons).toContain('CODRAFT_DOCUMENT_NAME_INVALID')
  })
})

describe('invitations', () => {
  const invite = async (id: string, role: Role, expiresInMs = 60_000): Promise<void> => {
    const store = await Store.open({ databases: [`sqlite:${join(folder, 'store.sqlite')}`] })
    const createdAt = Date.now()
    await createInvitation(store.of('notes'), {
      id,
      documentName: 'notes',
      email: 'bob@example.org',
      role,
      invitedBy: 'ann',
      createdAt,
      expiresAt: createdAt + expiresInMs,
    })
    await store.close()
  }
  const accept = (invitationId: string, userId: string, documentName = 'notes'): Promise<Role> =>
    server.permissions.accept({ documentName, invitationId, identity: { userId }, address: null })

  it('give their role to one user, at once on open connections, and never take a better one', async () => {
    await open('ann')
    await grant('bob', 'viewer')
    const bob = await open('bob')
    await invite('first', 'editor')
    expect(await accept('first', 'bob')).toBe('editor')
    await expect.poll(() => bob.provider.authorizedScope).toBe('read-write')
    await expect(accept('first', 'eve')).rejects.toThrow('CODRAFT_INVITATION_INVALID')
    await invite('second', 'viewer')
    expect(await accept('second', 'bob')).toBe('editor')
    expect(await server.permissions.roleOf('notes', { userId: 'bob' })).toBe('editor')
  })

  it('are good in time, for their document', async () => {
    await open('ann')
    await invite('late', 'editor', -1)
    await invite('other', 'editor')
    await expect(accept('late', 'bob')).rejects.toThrow('CODRAFT_INVITATION_INVALID')
    await expect(accept('other', 'bob', 'plan')).rejects.toThrow('CODRAFT_INVITATION_INVALID')
    await expect(accept('none', 'bob')).rejects.toThrow('CODRAFT_INVITATION_INVALID')
    expect(await server.permissions.roleOf('notes', { userId: 'bob' })).toBeUndefined()
    expect(await accept('other', 'bob')).toBe('editor')
  })
})

describe('guests of the embedded server', () => {
  const guest = async (user: string, name = 'notes'): Promise<HocuspocusClient> => {
    const response = await fetch(`${server.url}/api/dev/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user, name: user }),
    })
    const { token } = (await response.json()) as { token: string }
    const client = new HocuspocusClient({ socketUrl }, name, token)
    clients.push(client)
    await expect.poll(() => client.provider.isSynced).toBe(true)
    return client
  }
  /** As the token of a guest says. */
  const identity = (user: string) => ({ userId: `guest:${user}`, documents: { '*': 'editor' } as const })

  it('edit every document, and own those that they were the first to open', async () => {
    await server.stop()
    await start({})
    const ann = await guest('ann')
    const bob = await guest('bob')
    for (const client of [ann, bob]) expect(client.provider.authorizedScope).toBe('read-write')
    expect(await server.permissions.roleOf('notes', identity('ann'))).toBe('owner')
    expect(await server.permissions.roleOf('notes', identity('bob'))).toBe('editor')
    await grant('guest:bob', 'viewer')
    expect(await server.permissions.roleOf('notes', identity('bob'))).toBe('editor')
    bob.text.insert(0, 'still here')
    await expect.poll(() => textOf()).toBe('still here')
  })

  it('are nobody special where an application issues the tokens', async () => {
    await open('guest:ann', 'notes', { '*': 'editor' })
    expect(await server.permissions.roleOf('notes', identity('ann'))).toBe('editor')
  })
})
