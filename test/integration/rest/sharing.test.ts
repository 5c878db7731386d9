import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient, RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'
import { testToken } from '../../helpers/tokens.ts'

let server: TestServer
let ada: RestClient
let bob: RestClient
let eve: RestClient
const ownRoles = { documents: null }
beforeAll(async () => {
  server = await startServer({ env: { PUBLIC_URL: 'https://docs.example/' } })
  ada = await restClient(server, 'ada', ownRoles)
  bob = await restClient(server, 'bob', ownRoles)
  eve = await restClient(server, 'eve', ownRoles)
})
afterAll(() => server.close())

/** A document of Ada's. */
const create = async (name: string): Promise<string> => {
  const { status } = await ada.put(documentPath(name), { body: `content of ${name}` })
  expect(status).toBe(201)
  return name
}

interface OutboxRow {
  readonly topic: string
  readonly key: string
  readonly type: string
  readonly payload: string
}

const outbox = (documentName: string): OutboxRow[] => {
  using database = new DatabaseSync(join(server.dataDir, 'store.sqlite'), { readOnly: true })
  const rows = database
    .prepare('SELECT topic, "key", type, payload FROM outbox')
    .all() as unknown as OutboxRow[]
  return rows.filter(({ payload }) => payload.includes(JSON.stringify(documentName)))
}

const tokenIn = (documentName: string): string => {
  const [row] = outbox(documentName)
  const { data } = JSON.parse(row!.payload) as { data: { url: string } }
  return new URL(data.url).searchParams.get('invitation') as string
}

describe('a document without an application that keeps roles', () => {
  it('belongs to whoever has created it; nobody else may do anything', async () => {
    const name = await create('mine')
    expect((await ada.get(documentPath(name))).status).toBe(200)
    for (const answer of [
      await eve.get(documentPath(name)),
      await eve.put(documentPath(name), { body: 'x' }),
      await eve.get(documentPath(name, '/presence')),
      await eve.get(documentPath(name, '/audit')),
      await eve.post(documentPath(name, '/share'), { body: { email: 'e@example.org', role: 'owner' } }),
      await eve.delete(documentPath(name)),
    ]) {
      expect([answer.status, answer.code]).toEqual([403, 'CODRAFT_DOCUMENT_FORBIDDEN'])
    }
  })

  it('is listed for those who have a role on it, in pages, and has a title', async () => {
    const names = await Promise.all(['list/1', 'list/2', 'list/3'].map(create))
    await ada.put(documentPath(names[1]!, '/grants/bob'), { body: { role: 'viewer' } })
    const title = await ada.patch(documentPath(names[1]!, '/about'), { body: { title: 'Second' } })
    expect(title.json).toMatchObject({ name: 'list/2', title: 'Second', role: 'owner' })
    const pages = async (): Promise<string[]> => {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const query = { limit: '2', ...(cursor !== undefined && { cursor }) }
        const { json } = await ada.get('/api/documents', { query })
        seen.push(...(json['items'] as { name: string }[]).map(({ name }) => name))
        cursor = json['cursor'] as string | undefined
      } while (cursor !== undefined)
      return seen.sort()
    }
    // Documents that change meanwhile move to the front, and may be missed or met twice.
    await expect.poll(pages).toEqual([...names, 'mine'].sort())
    expect((await bob.get('/api/documents')).json['items']).toEqual([
      expect.objectContaining({ name: 'list/2', title: 'Second', role: 'viewer' }),
    ])
    expect((await eve.get('/api/documents')).json['items']).toEqual([])
    expect((await bob.get(documentPath('list/2', '/about'))).json).toMatchObject({ role: 'viewer' })
    expect((await bob.patch(documentPath('list/2', '/about'), { body: { title: 'x' } })).code).toBe(
      'CODRAFT_ROLE_INSUFFICIENT',
    )
    expect((await ada.get('/api/documents', { query: { limit: '0' } })).code).toBe('CODRAFT_REQUEST_INVALID')
  })
})

describe('an invitation', () => {
  it('is answered at once, its mail is an event, and its link gives the role once', async () => {
    const name = await create('shared/with bob')
    const { status, json } = await ada.post(documentPath(name, '/share'), {
      body: { email: 'bob@example.org', role: 'editor', message: 'Have a look' },
    })
    expect(status).toBe(201)
    expect(json).toMatchObject({
      email: 'bob@example.org',
      role: 'editor',
      state: 'pending',
      invitedBy: 'ada',
    })
    expect(JSON.stringify(json)).not.toContain('token')
    const [event] = outbox(name)
    expect(event).toMatchObject({ topic: 'notifications', type: 'document.shared', key: 'bob@example.org' })
    const { data } = JSON.parse(event!.payload) as { data: { url: string } }
    expect(data).toMatchObject({ role: 'editor', by: { id: 'ada' }, message: 'Have a look' })
    expect(data.url).toMatch(/^https:\/\/docs\.example\/\?doc=shared%2Fwith\+bob&invitation=/)

    const token = tokenIn(name)
    expect((await bob.get(documentPath(name))).status).toBe(403)
    const accepted = await bob.post('/api/invitations/accept', { body: { token } })
    expect([accepted.status, accepted.json]).toEqual([200, { document: name, role: 'editor' }])
    expect((await bob.put(documentPath(name), { body: 'from bob' })).status).toBe(200)
    // The same person may open it again, nobody else.
    expect((await bob.post('/api/invitations/accept', { body: { token } })).status).toBe(200)
    const stolen = await eve.post('/api/invitations/accept', { body: { token } })
    expect([stolen.status, stolen.code]).toEqual([410, 'CODRAFT_INVITATION_INVALID'])
    const listed = await ada.get(documentPath(name, '/invitations'))
    expect(listed.json['items']).toEqual([expect.objectContaining({ state: 'accepted' })])
  })

  it('that is forged, withdrawn or an access token gives nothing', async () => {
    const name = await create('withdrawn')
    const { json } = await ada.post(documentPath(name, '/share'), {
      body: { email: 'eve@example.org', role: 'viewer' },
    })
    const token = tokenIn(name)
    const path = documentPath(name, `/invitations/${String(json['id'])}`)
    expect((await bob.delete(path)).status).toBe(403)
    expect((await ada.delete(path)).status).toBe(204)
    expect((await ada.delete(path)).code).toBe('CODRAFT_INVITATION_INVALID')
    const accept = async (token: string) =>
      (await eve.post('/api/invitations/accept', { body: { token } })).code
    expect(await accept(token)).toBe('CODRAFT_INVITATION_INVALID')
    expect(await accept(`${token.slice(0, -3)}abc`)).toBe('CODRAFT_INVITATION_INVALID')
    expect(await accept('')).toBe('CODRAFT_REQUEST_INVALID')
  })

  it('is refused for a bad address or role, and never lowers a role', async () => {
    const name = await create('higher')
    const share = async (body: unknown) => (await ada.post(documentPath(name, '/share'), { body })).code
    expect(await share({ email: 'nobody', role: 'viewer' })).toBe('CODRAFT_REQUEST_INVALID')
    expect(await share({ email: 'x@example.org', role: 'king' })).toBe('CODRAFT_REQUEST_INVALID')
    await ada.post(documentPath(name, '/share'), { body: { email: 'ada@example.org', role: 'viewer' } })
    const accepted = await ada.post('/api/invitations/accept', { body: { token: tokenIn(name) } })
    expect(accepted.json).toEqual({ document: name, role: 'owner' })
  })
})

describe('grants', () => {
  it('are listed, given and taken by owners; users may leave; the last owner stays', async () => {
    const name = await create('granted')
    const grant = (user: string, role: string) =>
      ada.put(documentPath(name, `/grants/${user}`), { body: { role } })
    expect((await grant('bob', 'editor')).status).toBe(200)
    expect((await bob.put(documentPath(name), { body: 'x' })).status).toBe(200)
    expect((await grant('bob', 'viewer')).status).toBe(200)
    expect((await bob.put(documentPath(name), { body: 'y' })).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await ada.get(documentPath(name, '/grants'))).json['items']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ userId: 'ada', role: 'owner' }),
        expect.objectContaining({ userId: 'bob', role: 'viewer', grantedBy: 'ada' }),
      ]),
    )
    expect((await bob.get(documentPath(name, '/grants'))).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await bob.delete(documentPath(name, '/grants/ada'))).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await bob.delete(documentPath(name, '/grants/bob'))).status).toBe(204)
    expect((await bob.get(documentPath(name))).status).toBe(403)
    const last = await ada.delete(documentPath(name, '/grants/ada'))
    expect([last.status, last.code]).toEqual([409, 'CODRAFT_LAST_OWNER'])
    expect((await grant('ada', 'viewer')).code).toBe('CODRAFT_LAST_OWNER')
    expect((await grant('bob', 'king')).code).toBe('CODRAFT_REQUEST_INVALID')
  })
})

describe('presence and audit', () => {
  it('tell who is here, each user once, and who did what', async () => {
    const name = 'watched'
    const owner = await restClient(server, 'olga', { documents: { [name]: 'owner' } })
    await owner.put(documentPath(name), { body: 'x' })
    {
      await using first = await connectHocuspocus(server, name, { user: 'olga' })
      await using second = await connectHocuspocus(server, name, { user: 'olga' })
      await expect.poll(() => first.isSaved && second.isSaved).toBe(true)
      expect((await owner.get(documentPath(name, '/presence'))).json).toEqual({
        users: [{ userId: 'olga', name: 'olga', connections: 2 }],
      })
    }
    await expect
      .poll(async () => (await owner.get(documentPath(name, '/presence'))).json)
      .toEqual({ users: [] })
    await owner.post(documentPath(name, '/share'), { body: { email: 'b@example.org', role: 'viewer' } })
    const { json } = await owner.get(documentPath(name, '/audit'))
    expect(json['items']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          action: 'invited',
          userId: 'olga',
          address: '127.0.0.1',
          detail: { role: 'viewer' },
        }),
      ]),
    )
    expect(JSON.stringify(json)).not.toContain('b@example.org')
  })

  it('tell where a user is: the user everything, others what they may read', async () => {
    await using tab = await connectHocuspocus(server, 'secret', { user: 'olga' })
    await using other = await connectHocuspocus(server, 'shown', { user: 'olga' })
    await expect.poll(() => tab.isSaved && other.isSaved).toBe(true)
    const openDocuments = async (client: RestClient): Promise<unknown> => {
      const { json } = await client.get('/api/users/olga/presence')
      return (json['documents'] as { name: string }[]).map(({ name }) => name).toSorted()
    }
    expect(await openDocuments(await restClient(server, 'olga'))).toEqual(['secret', 'shown'])
    const reader = await restClient(server, 'rita', { documents: { shown: 'viewer' } })
    expect(await openDocuments(reader)).toEqual(['shown'])
    expect((await reader.get(`/api/users/${'x'.repeat(300)}/presence`)).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await new RestClient(server, undefined).get('/api/users/olga/presence')).status).toBe(401)
  })
})

describe('POST …/close', () => {
  it('makes every client load the document anew, and loses no edit', async () => {
    const name = 'closed'
    const owner = await restClient(server, 'olga', { documents: { [name]: 'owner' } })
    await using client = await connectHocuspocus(server, name, { user: 'bob' })
    client.text.insert(0, 'before ')
    await expect.poll(() => client.isSaved).toBe(true)
    const { status, json } = await owner.post(documentPath(name, '/close'))
    expect([status, json]).toEqual([200, { confirmed: true }])
    client.text.insert(7, 'after')
    await expect.poll(() => client.closeCodes).toContain(4503)
    await expect
      .poll(async () => (await owner.get(documentPath(name), { query: { format: 'text' } })).text.trim())
      .toBe('before after')
    await expect.poll(() => client.isSaved).toBe(true)
  })

  it('is for owners', async () => {
    const editor = await restClient(server, 'ed', { documents: { closed: 'editor' } })
    expect((await editor.post(documentPath('closed', '/close'))).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await editor.post(documentPath('\u0007', '/close'))).code).toBe('CODRAFT_DOCUMENT_NAME_INVALID')
  })
})

describe('people', () => {
  it('are listed with the names of their tokens, for all who may read; addresses for owners only', async () => {
    const name = await create('people')
    const token = await testToken('carla', { documents: null, name: 'Carla', email: 'carla@example.org' })
    await ada.put(documentPath(name, '/grants/carla'), { body: { role: 'viewer' } })
    await ada.put(documentPath(name, '/grants/dora'), { body: { role: 'editor' } })
    const carla = new RestClient(server, token)
    await using _ = await connectHocuspocus(server, name, { token })
    const listed = async (client: RestClient, list: string, user: string) => {
      const { json } = await client.get(documentPath(name, list))
      return (json['items'] as { userId: string }[]).find(({ userId }) => userId === user)
    }
    await expect
      .poll(() => listed(carla, '/people', 'carla'))
      .toEqual({ userId: 'carla', name: 'Carla', role: 'viewer' })
    expect(await listed(carla, '/people', 'dora')).toEqual({ userId: 'dora', name: null, role: 'editor' })
    expect(await listed(ada, '/grants', 'carla')).toMatchObject({ name: 'Carla', email: 'carla@example.org' })
    expect((await carla.get(documentPath(name, '/grants'))).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await eve.get(documentPath(name, '/people'))).code).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await ada.get(documentPath('no-such-document', '/people'))).status).toBe(403)
  })

  it('are forgotten when they erase their data', async () => {
    const name = await create('forgotten')
    const token = await testToken('frida', { documents: null, name: 'Frida', email: 'frida@example.org' })
    await ada.put(documentPath(name, '/grants/frida'), { body: { role: 'editor' } })
    {
      await using _ = await connectHocuspocus(server, name, { token })
      await expect.poll(async () => (await ada.get(documentPath(name, '/people'))).text).toContain('Frida')
    }
    expect((await new RestClient(server, token).delete('/api/users/me')).status).toBe(200)
    await ada.put(documentPath(name, '/grants/frida'), { body: { role: 'editor' } })
    expect((await ada.get(documentPath(name, '/people'))).text).not.toContain('Frida')
  })
})

describe('a role that is taken away', () => {
  it('lets no edit over REST through after the answer, whatever was on its way', async () => {
    const name = await create('revoked')
    for (let round = 0; round < 5; round += 1) {
      await ada.put(documentPath(name, '/grants/bob'), { body: { role: 'editor' } })
      const edits = Array.from({ length: 8 }, (_, n) =>
        bob.put(documentPath(name), { body: `round ${round}, edit ${n} ${'words '.repeat(2_000)}` }),
      )
      await Promise.race(edits)
      const revoked = await ada.delete(documentPath(name, '/grants/bob'))
      expect(revoked.status).toBe(204)
      const etag = (await ada.get(documentPath(name))).headers.get('etag')
      const statuses = (await Promise.all(edits)).map(({ status }) => status)
      expect(statuses.filter((status) => status !== 200 && status !== 403)).toEqual([])
      expect((await ada.get(documentPath(name))).headers.get('etag')).toBe(etag)
    }
  })
})
