import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Y from 'yjs'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startAgent } from '../helpers/mcp-client.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

it('an agent lists, reads, searches, writes and edits documents', async () => {
  await using agent = await startAgent(server.url, await testToken('ada', { documents: null }))
  const { tools } = await agent.client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['list_documents', 'search_documents', 'read_document', 'edit_document']),
  )
  await agent.call('write_document', {
    document: 'trip',
    markdown: '# Trip\n\nBy train.\n\n## Packing\n\n- map\n\n## After\n',
  })
  await agent.call('edit_document', { document: 'trip', edits: [{ find: 'train', replace: '**bicycle**' }] })
  await agent.call('append_to_document', { document: 'trip', heading: 'Packing', markdown: 'And a pump.' })
  const content = '# Trip\n\nBy **bicycle**.\n\n## Packing\n\n- map\n\nAnd a pump.\n\n## After\n'
  expect(await agent.call('read_document', { document: 'trip' })).toBe(content)
  await agent.call('append_to_document', { document: 'other', markdown: 'Nothing here.' })
  const { items } = JSON.parse(await agent.call('list_documents')) as {
    items: { name: string; role: string }[]
  }
  expect(new Map(items.map(({ name, role }) => [name, role]))).toEqual(
    new Map([
      ['other', 'owner'],
      ['trip', 'owner'],
    ]),
  )
  expect(JSON.parse(await agent.call('search_documents', { query: 'BICYCLE' }))).toEqual([
    { document: 'trip', title: null, excerpt: expect.stringContaining('By bicycle.') },
  ])
  await server.restart('SIGKILL')
  expect(await agent.call('read_document', { document: 'trip' })).toBe(content)
})

it('is seen as a cursor under its own name, where it edits', async () => {
  const name = 'seen'
  await using editor = await connectHocuspocus(server, name, { user: 'sam' })
  const paragraph = new Y.XmlElement('paragraph')
  const text = new Y.XmlText('Some words.')
  paragraph.insert(0, [text])
  editor.document.getXmlFragment('default').insert(0, [paragraph])
  await expect.poll(() => editor.isSaved).toBe(true)
  await using agent = await startAgent(server.url, await testToken('ada', { name: 'Ada' }))
  await agent.call('edit_document', { document: name, edits: [{ find: 'words', replace: 'text' }] })
  const stateOfAgent = () =>
    [...(editor.provider.awareness?.getStates().values() ?? [])].find(
      ({ user }) => (user as { id?: string } | undefined)?.id === 'ada/Robin',
    )
  await expect.poll(() => stateOfAgent()?.['user']).toMatchObject({ name: 'Robin (Ada)' })
  const index = (): number | undefined => {
    const head = (stateOfAgent()?.['cursor'] as { head?: object } | null | undefined)?.head
    if (!head) return undefined
    const place = Y.createAbsolutePositionFromRelativePosition(
      Y.createRelativePositionFromJSON(head),
      editor.document,
    )
    return place?.type === text ? place.index : undefined
  }
  await expect.poll(index).toBe('Some text'.length)
  await agent.client.close()
  await expect.poll(stateOfAgent).toBeUndefined()
})

it('has the role of its token and no more, and is told what it may do about a refusal', async () => {
  const writer = await startAgent(server.url, await testToken('ada'))
  await writer.call('write_document', { document: 'guarded', markdown: 'one one' })
  await writer.client.close()
  await using agent = await startAgent(
    server.url,
    await testToken('vera', { documents: { guarded: 'viewer' } }),
  )
  expect(await agent.call('read_document', { document: 'guarded' })).toBe('one one\n')
  const attempts: [string, Record<string, unknown>, string][] = [
    ['append_to_document', { document: 'guarded', markdown: 'x' }, 'CODRAFT_ROLE_INSUFFICIENT'],
    ['write_document', { document: 'guarded', markdown: 'x' }, 'CODRAFT_ROLE_INSUFFICIENT'],
    ['read_document', { document: 'trip' }, 'CODRAFT_DOCUMENT_FORBIDDEN'],
    ['append_to_document', { document: 'new', markdown: 'x' }, 'CODRAFT_DOCUMENT_FORBIDDEN'],
    [
      'edit_document',
      { document: 'guarded', edits: [{ find: 'one', replace: 'x' }] },
      'CODRAFT_ROLE_INSUFFICIENT',
    ],
    ['edit_document', { document: 'guarded', edits: [] }, 'edits'],
  ]
  for (const [tool, args, reason] of attempts)
    await expect(agent.call(tool, args), `${tool} ${JSON.stringify(args)}`).rejects.toThrow(reason)
  expect(await agent.call('read_document', { document: 'guarded' })).toBe('one one\n')
})
