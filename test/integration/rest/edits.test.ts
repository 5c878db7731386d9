import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient, type RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let server: TestServer
let client: RestClient
beforeAll(async () => {
  server = await startServer()
  client = await restClient(server)
})
afterAll(() => server.close())

const edit = (name: string, edits: unknown, headers: Record<string, string> = {}) =>
  client.post(documentPath(name, '/edits'), { body: { edits }, headers })
const read = async (name: string) => (await client.get(documentPath(name), { query: { format: 'md' } })).text

describe('POST …/edits', () => {
  it('creates and edits, durable when it is answered, seen by open editors', async () => {
    const created = await edit('log', [{ append: '# Log\n\nFirst.' }])
    expect([created.status, created.json]).toEqual([201, { etag: created.headers.get('etag') }])
    await using editor = await connectHocuspocus(server, 'log')
    await expect.poll(() => editor.isSaved).toBe(true)
    expect(
      (
        await edit('log', [
          { heading: 'Log', insert: 'Second.' },
          { find: 'First', replace: '**1**' },
        ])
      ).status,
    ).toBe(200)
    await expect
      .poll(() => JSON.stringify(editor.document.getXmlFragment('default').toJSON()))
      .toContain('Second.')
    await server.restart('SIGKILL')
    expect(await read('log')).toBe('# Log\n\n**1**.\n\nSecond.\n')
  })

  it('is done once for one idempotency key', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      await edit('once', [{ append: 'x' }], { 'idempotency-key': 'append-1' })
      if (attempt === 1) await server.restart('SIGKILL')
    }
    expect(await read('once')).toBe('x\n')
  })

  it('refuses with a code, leaves nothing behind, and needs the role of an editor', async () => {
    const absent = await edit('nothing', [{ find: 'a', replace: 'b' }])
    expect([absent.status, absent.code]).toEqual([400, 'CODRAFT_EDIT_INVALID'])
    expect((await client.get(documentPath('nothing'))).code).toBe('CODRAFT_DOCUMENT_NOT_FOUND')
    for (const edits of [
      [],
      'x',
      [{}],
      [{ append: 1 }],
      [{ find: '', replace: 'x' }],
      [{ append: 'x', find: 'y' }],
    ]) {
      expect((await edit('nothing', edits)).code, JSON.stringify(edits)).toBe('CODRAFT_REQUEST_INVALID')
    }
    await edit('guarded', [{ append: 'x' }])
    const viewer = await restClient(server, 'vera', { documents: { guarded: 'viewer' } })
    const refused = await viewer.post(documentPath('guarded', '/edits'), {
      body: { edits: [{ append: 'y' }] },
    })
    expect([refused.status, refused.code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    expect(await read('guarded')).toBe('x\n')
  })
})
