import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient, type RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let server: TestServer
let ada: RestClient
beforeAll(async () => {
  server = await startServer({ env: { VERSION_AFTER_EDITS: '5', VERSION_AFTER_MS: '60000' } })
  ada = await restClient(server, 'ada')
})
afterAll(() => server.close())

interface Version {
  readonly id: string
  readonly kind: string
  readonly label: string | null
  readonly authorId: string | null
}

const put = (name: string, body: string) =>
  ada.put(documentPath(name), { body, headers: { 'content-type': 'text/markdown' } })
const text = async (name: string) => (await ada.get(documentPath(name), { query: { format: 'md' } })).text
const keep = async (name: string, label?: string): Promise<Version> => {
  const { status, json } = await ada.post(documentPath(name, '/versions'), { body: { label } })
  expect(status).toBe(201)
  return json as unknown as Version
}
const list = async (name: string): Promise<Version[]> =>
  (await ada.get(documentPath(name, '/versions'))).json['items'] as Version[]

describe('versions', () => {
  it('are kept by hand, listed newest first in pages, read in any format, named and deleted', async () => {
    const name = 'kept/by hand'
    await put(name, 'One.\n')
    const first = await keep(name, 'first draft')
    await put(name, 'Two.\n')
    const second = await keep(name)
    expect(first).toMatchObject({ kind: 'manual', label: 'first draft', authorId: 'ada' })
    const page = await ada.get(documentPath(name, '/versions'), { query: { limit: '1' } })
    expect(page.json['items']).toEqual([second])
    const next = await ada.get(documentPath(name, '/versions'), {
      query: { limit: '1', cursor: page.json['cursor'] as string },
    })
    expect(next.json).toEqual({ items: [first] })
    const path = documentPath(name, `/versions/${first.id}`)
    expect((await ada.get(`${path}/content`, { query: { format: 'md' } })).text).toBe('One.\n')
    expect((await ada.get(`${path}/content`)).json).toMatchObject({ type: 'doc' })
    expect((await ada.patch(path, { body: { label: 'renamed' } })).json).toMatchObject({ label: 'renamed' })
    expect((await ada.get(path)).json).toMatchObject({ id: first.id, label: 'renamed' })
    const owner = await restClient(server, 'olga', { documents: { [name]: 'owner' } })
    expect((await owner.delete(path)).status).toBe(204)
    const gone = await ada.get(`${path}/content`)
    expect([gone.status, gone.code]).toEqual([404, 'CODRAFT_VERSION_NOT_FOUND'])
  })

  it('tell how they differ, in words and as a patch', async () => {
    await put('differing', 'The quick fox.\n')
    const { id } = await keep('differing')
    await put('differing', 'The slow fox.\n\nMore.\n')
    const path = documentPath('differing', `/versions/${id}/difference`)
    await put('differing', '# The **slow** fox.\n\nMore.\n')
    const inText = await ada.get(path, { query: { content: 'text', format: 'patch' } })
    expect(inText.text).toContain('+The slow fox.')
    await put('differing', 'The slow fox.\n\nMore.\n')
    expect((await ada.get(path)).json).toEqual({
      changes: [
        { kind: 'same', text: 'The ' },
        { kind: 'deleted', text: 'quick' },
        { kind: 'inserted', text: 'slow' },
        { kind: 'same', text: ' fox.\n' },
        { kind: 'inserted', text: '\nMore.\n' },
      ],
    })
    expect((await ada.get(path, { query: { format: 'patch' } })).text).toContain(
      '-The quick fox.\n+The slow fox.',
    )
    expect((await ada.get(path, { query: { to: 'nobody' } })).code).toBe('CODRAFT_VERSION_NOT_FOUND')
  })

  it('are restored by an edit: open editors stay connected, and the restore can be undone', async () => {
    await put('restored', 'Old.\n\nShared.\n')
    const { id } = await keep('restored')
    await put('restored', 'New.\n\nShared.\n')
    await using editor = await connectHocuspocus(server, 'restored')
    await expect.poll(() => editor.isSaved).toBe(true)
    const { status, json } = await ada.post(documentPath('restored', `/versions/${id}/restore`))
    expect(status).toBe(200)
    expect(await text('restored')).toBe('Old.\n\nShared.\n')
    await expect
      .poll(() => JSON.stringify(editor.document.getXmlFragment('default').toJSON()))
      .toContain('Old.')
    expect(editor.closeCodes).toEqual([])
    const before = json['before'] as Version
    await ada.post(documentPath('restored', `/versions/${before.id}/restore`))
    expect(await text('restored')).toBe('New.\n\nShared.\n')
  })

  it('come by themselves after many edits, with the last author', async () => {
    await using bob = await connectHocuspocus(server, 'typed', { user: 'bob' })
    for (let i = 0; i < 6; i++) {
      bob.text.insert(0, `${i}`)
      await expect.poll(() => bob.isSaved).toBe(true)
    }
    await expect
      .poll(() => list('typed'))
      .toMatchObject([{ kind: 'automatic', label: null, authorId: 'bob' }])
  })

  it('need a role: viewers read, editors keep and restore, owners delete', async () => {
    await put('roles', 'x')
    const { id } = await keep('roles')
    const viewer = await restClient(server, 'victor', { documents: { roles: 'viewer' } })
    const path = documentPath('roles', `/versions/${id}`)
    expect((await viewer.get(`${path}/content`)).status).toBe(200)
    for (const refused of [
      await viewer.post(documentPath('roles', '/versions'), { body: {} }),
      await viewer.post(`${path}/restore`),
      await viewer.patch(path, { body: { label: 'x' } }),
      await ada.delete(path),
    ]) {
      expect([refused.status, refused.code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    }
    const stranger = await restClient(server, 'eve', { documents: {} })
    for (const rest of [
      '/versions',
      `/versions/${id}`,
      `/versions/${id}/content`,
      `/versions/${id}/difference`,
    ])
      expect((await stranger.get(documentPath('roles', rest))).code, rest).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
  })

  it('answer bad input with a code', async () => {
    await put('bad input', 'x')
    const path = documentPath('bad input', '/versions')
    expect((await ada.post(path, { body: { label: '' } })).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await ada.get(path, { query: { limit: '1000' } })).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await ada.get(path, { query: { cursor: 'x' } })).code).toBe('CODRAFT_REQUEST_INVALID')
    expect((await ada.post(`${path}/nobody/restore`)).code).toBe('CODRAFT_VERSION_NOT_FOUND')
    expect((await ada.post(documentPath('never written', '/versions'), { body: {} })).code).toBe(
      'CODRAFT_DOCUMENT_NOT_FOUND',
    )
  })
})
