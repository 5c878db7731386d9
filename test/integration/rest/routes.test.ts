import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { Role } from '../../../extensions/auth/index.ts'
import {
  documentPath,
  restClient,
  RestClient,
  type RestAnswer,
  type RestRequest,
} from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

const update = (): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('notes').insert(0, 'more')
  return Y.encodeStateAsUpdate(doc)
}

interface Route {
  /** The role from which on it is allowed. */
  readonly least: Role
  readonly success: number
  readonly request?: RestRequest
  /** What cannot be read, besides a name that is too long. */
  readonly bad?: RestRequest
}

const page = { query: { limit: '0' } }
const json = (body: unknown): RestRequest => ({ body })

/** Every route of a document: what is after its name, by method. */
const routes: Readonly<Record<string, Route>> = {
  'get /about': { least: 'viewer', success: 200 },
  'patch /about': {
    least: 'editor',
    success: 200,
    request: json({ title: 'A title' }),
    bad: json({ title: '' }),
  },
  'delete ': { least: 'owner', success: 204, bad: { query: { mode: 'shred' } } },
  'get ': { least: 'viewer', success: 200, bad: { query: { format: 'pdf' } } },
  'put ': {
    least: 'editor',
    success: 200,
    request: { body: 'Other content.' },
    bad: { body: '{', headers: { 'content-type': 'application/json' } },
  },
  'patch ': {
    least: 'editor',
    success: 204,
    request: json({ root: 'notes', ops: [{ insert: 'x' }] }),
    bad: json({ ops: 'x' }),
  },
  'post /restore': { least: 'owner', success: 200 },
  'post /close': { least: 'owner', success: 200 },
  'post /edits': {
    least: 'editor',
    success: 200,
    request: json({ edits: [{ append: 'more' }] }),
    bad: json({ edits: [] }),
  },
  'get /versions': { least: 'viewer', success: 200, bad: page },
  'post /versions': { least: 'editor', success: 201, request: json({ label: 'x' }), bad: json({ label: 1 }) },
  'get /versions/{id}': { least: 'viewer', success: 200 },
  'patch /versions/{id}': { least: 'editor', success: 200, request: json({ label: null }), bad: json({}) },
  'delete /versions/{id}': { least: 'owner', success: 204 },
  'get /versions/{id}/content': { least: 'viewer', success: 200, bad: { query: { format: 'pdf' } } },
  'get /versions/{id}/difference': { least: 'viewer', success: 200, bad: { query: { format: 'pdf' } } },
  'post /versions/{id}/restore': { least: 'editor', success: 200 },
  'post /exports': {
    least: 'viewer',
    success: 202,
    request: json({ format: 'md' }),
    bad: json({ format: 'exe' }),
  },
  'get /exports': { least: 'viewer', success: 200, bad: page },
  'post /share': {
    least: 'owner',
    success: 201,
    request: json({ email: 'a@example.org', role: 'editor' }),
    bad: json({ email: 'nobody', role: 'editor' }),
  },
  'get /invitations': { least: 'owner', success: 200, bad: page },
  'delete /invitations/{id}': { least: 'owner', success: 204 },
  'get /grants': { least: 'owner', success: 200 },
  'get /people': { least: 'viewer', success: 200 },
  'put /grants/{userId}': {
    least: 'owner',
    success: 200,
    request: json({ role: 'viewer' }),
    bad: json({ role: 'king' }),
  },
  'delete /grants/{userId}': { least: 'owner', success: 204 },
  'get /presence': { least: 'viewer', success: 200 },
  'get /audit': { least: 'owner', success: 200, bad: page },
  'get /analytics': { least: 'viewer', success: 200, bad: { query: { days: '0' } } },
}

const below: Readonly<Record<Role, Role | undefined>> = {
  owner: 'editor',
  editor: 'commenter',
  commenter: 'viewer',
  viewer: undefined,
}

let server: TestServer
let owner: RestClient
const clients = new Map<Role, RestClient>()
let stranger: RestClient
beforeAll(async () => {
  server = await startServer({ env: { REST_MAX_REQUESTS_PER_MINUTE: '10000' } })
  owner = await restClient(server, 'olga', { documents: null })
  stranger = await restClient(server, 'steve', { documents: null })
  for (const role of ['owner', 'editor', 'commenter', 'viewer'] as const)
    clients.set(role, await restClient(server, `${role}-user`, { documents: null }))
})
afterAll(() => server.close())

let documents = 0

/** A document in which one user of the test has each role, and its path with ids that exist. */
const prepare = async (rest: string): Promise<string> => {
  const name = `routes/${(documents += 1)}`
  await owner.put(documentPath(name), { body: 'Content.' })
  await owner.patch(documentPath(name), { body: update() })
  for (const role of clients.keys())
    await owner.put(documentPath(name, `/grants/${role}-user`), { body: { role } })
  await owner.put(documentPath(name, '/grants/someone'), { body: { role: 'editor' } })
  const make = async (part: string, body: unknown) =>
    (await owner.post(documentPath(name, part), { body })).json['id'] as string
  const id = rest.includes('/invitations/')
    ? await make('/share', { email: 'b@example.org', role: 'viewer' })
    : rest.includes('{id}')
      ? await make('/versions', {})
      : ''
  return documentPath(name, rest.replace('{id}', id).replace('{userId}', 'someone'))
}

const send = (
  client: RestClient | undefined,
  method: string,
  path: string,
  request?: RestRequest,
): Promise<RestAnswer> => (client as RestClient)[method as 'get'](path, request)

it('the table names every route of a document', async () => {
  const { json: description } = await new RestClient(server, undefined).get('/api/openapi.json')
  const prefix = '/api/documents/{name}'
  const described = Object.entries(description['paths'] as Record<string, object>).flatMap(
    ([path, methods]) =>
      path.startsWith(prefix)
        ? Object.keys(methods).map((method) => `${method} ${path.slice(prefix.length)}`)
        : [],
  )
  expect(Object.keys(routes).sort()).toEqual(described.sort())
})

describe.each(Object.entries(routes))('%s', (route, { least, success, request, bad }) => {
  const [method, rest] = route.split(' ') as [string, string]

  it(`succeeds for ${least}, is refused below and to strangers, and says what it cannot read`, async () => {
    const path = await prepare(rest)
    const refused = await send(stranger, method, path, request)
    expect([refused.status, refused.code]).toEqual([403, 'CODRAFT_DOCUMENT_FORBIDDEN'])
    const lower = below[least]
    if (lower) {
      const { status, code } = await send(clients.get(lower), method, path, request)
      expect([status, code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    }
    const { status: anonymous } = await send(new RestClient(server, undefined), method, path, request)
    expect(anonymous).toBe(401)

    const long = await send(clients.get(least), method, documentPath('n'.repeat(256), rest), request)
    expect([long.status, long.code]).toEqual([400, 'CODRAFT_REQUEST_INVALID'])
    if (bad) {
      const { status, code } = await send(clients.get(least), method, path, bad)
      expect([400, 422]).toContain(status)
      expect(code).toMatch(/^CODRAFT_(REQUEST|CONTENT|EDIT)_INVALID$/)
    }
    const answer = await send(clients.get(least), method, path, request)
    expect(answer.status, answer.text).toBe(success)
  })
})

describe('routes of no document', () => {
  it('list, whereabouts, acceptance: success and bad input', async () => {
    expect((await owner.get('/api/documents')).status).toBe(200)
    expect((await owner.get('/api/documents', page)).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await owner.get('/api/documents', { query: { cursor: 'x' } })).code).toBe(
      'CODRAFT_REQUEST_INVALID',
    )
    expect((await owner.get('/api/users/olga/presence')).json).toEqual({ documents: [] })
    expect((await owner.get(`/api/users/${'u'.repeat(256)}/presence`)).code).toBe('CODRAFT_REQUEST_INVALID')
    const accept = (body: unknown) => stranger.post('/api/invitations/accept', { body })
    expect((await accept({})).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await accept({ token: 'x' })).code).toBe('CODRAFT_INVITATION_INVALID')
    const path = await prepare('/share')
    const { json: invitation } = await owner.post(path, { body: { email: 's@example.org', role: 'viewer' } })
    const token = new URL(invitation['url'] as string).searchParams.get('invitation')
    expect((await accept({ token })).json).toMatchObject({ role: 'viewer' })
  })

  it('an export is for those who may read its document', async () => {
    const { json: made } = await owner.post(await prepare('/exports'), { body: { format: 'md' } })
    const path = `/api/exports/${made['id'] as string}`
    expect((await clients.get('viewer')?.get(path))?.status).toBe(200)
    expect((await stranger.get(path)).code).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
    expect((await owner.get('/api/exports/no-such-export')).status).toBe(404)
    expect((await new RestClient(server, undefined).get('/api/downloads/x')).status).toBeGreaterThanOrEqual(
      400,
    )
  })

  it('everything of a user is erased for the user alone', async () => {
    expect((await new RestClient(server, undefined).delete('/api/users/me')).status).toBe(401)
    expect((await stranger.delete('/api/users/me')).json).toEqual({ documents: [] })
  })
})
