import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Y from 'yjs'
import { readThreads } from '../../src/documents/comment-threads.ts'
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

it('comments on a text, replies, and reads comments, with the role of a commenter', async () => {
  const writer = await startAgent(server.url, await testToken('ada'))
  const document = 'discussed'
  await writer.call('write_document', { document, markdown: 'We meet on **Monday** at nine.\n\nBring tea.' })
  await writer.client.close()
  const token = await testToken('cyd', { name: 'Cyd', documents: { [document]: 'commenter' } })
  await using agent = await startAgent(server.url, token)
  expect(JSON.parse(await agent.call('list_comments', { document }))).toEqual([])
  await agent.call('comment_on_document', { document, text: 'Which one?', quote: 'on Monday' })
  await agent.call('comment_on_document', { document, text: 'Fine.' })
  const threads = JSON.parse(await agent.call('list_comments', { document })) as { thread: string }[]
  await agent.call('comment_on_document', { document, text: 'The next.', thread: threads[0]?.thread })
  expect(JSON.parse(await agent.call('list_comments', { document }))).toMatchObject([
    {
      quote: 'on Monday',
      isResolved: false,
      comments: [
        { author: 'Robin (Cyd)', text: 'Which one?' },
        { author: 'Robin (Cyd)', text: 'The next.' },
      ],
    },
    { quote: '', comments: [{ text: 'Fine.' }] },
  ])
  // The place is that of the text, in the document that others edit.
  await using reader = await connectHocuspocus(server, document)
  await using discussion = await connectHocuspocus(server, `${document}~comments`)
  await expect.poll(() => readThreads(discussion.document)).toHaveLength(2)
  await expect.poll(() => reader.isSaved).toBe(true)
  const anchor = readThreads(discussion.document)[0]?.anchor as { start: string; end: string }
  const places = [anchor.start, anchor.end].map((place) =>
    Y.createAbsolutePositionFromRelativePosition(
      Y.decodeRelativePosition(Buffer.from(place, 'base64')),
      reader.document,
    ),
  )
  expect(places.map((place) => place?.index)).toEqual([8, 17])
  expect(places[0]?.type).toBeInstanceOf(Y.XmlText)
  for (const args of [{ quote: 'absent' }, { quote: 'e' }, { thread: 'absent' }])
    await expect(agent.call('comment_on_document', { document, text: 'x', ...args })).rejects.toThrow(
      'CODRAFT_EDIT_INVALID',
    )
  await expect(agent.call('append_to_document', { document, markdown: 'x' })).rejects.toThrow(
    'CODRAFT_ROLE_INSUFFICIENT',
  )
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
