import { toBase64 } from 'lib0/buffer'
import { strFromU8, unzipSync } from 'fflate'
import { extractText, getDocumentProxy } from 'unpdf'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import {
  addReply,
  addThread,
  resolveThread,
  type NewComment,
} from '../../../src/documents/comment-threads.ts'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { exportedFile } from '../../helpers/exports.ts'
import { documentPath, restClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let written = 0
/** Each a moment after the one before. */
const comment = (name: string, text: string): NewComment => ({
  id: crypto.randomUUID(),
  author: { id: name.toLowerCase(), name },
  text,
  mentions: [],
  createdAt: Date.UTC(2026, 0, 2) + written++,
})

/** Anchored where `quote` stands in the n-th block of the document. */
const anchorOf = (document: Y.Doc, block: number, quote: string) => {
  const element = document.getXmlFragment('default').get(block) as Y.XmlElement
  const text = element.get(0) as Y.XmlText
  const at = (text.toDelta() as { insert: string }[])
    .map(({ insert }) => insert)
    .join('')
    .indexOf(quote)
  const encode = (index: number): string =>
    toBase64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, index)))
  return { start: encode(at), end: encode(at + quote.length) }
}

const write = async (server: TestServer): Promise<void> => {
  await using main = await connectHocuspocus(server, 'minutes')
  await using companion = await connectHocuspocus(server, 'minutes~comments')
  await expect.poll(() => main.isSaved && companion.isSaved).toBe(true)
  const { document } = companion
  const begin = (block: number, quote: string, first: NewComment): void =>
    addThread(document, { id: first.id, anchor: anchorOf(main.document, block, quote), quote }, first)

  const [place, gone, old] = [
    comment('Ada', 'Which one?'),
    comment('Bo', 'Too long.'),
    comment('Cy', 'Fixed.'),
  ]
  begin(1, 'harbour', place)
  addReply(document, place.id, comment('Bo', 'The old one.'))
  begin(2, 'tedious', gone)
  begin(1, 'noon', old)
  resolveThread(document, old.id, { by: { id: 'cy', name: 'Cy' }, at: 1 })
  addThread(document, { id: 'bad', anchor: { start: '%', end: 'AAAA' }, quote: '' }, comment('Eve', 'Nice.'))
  main.document.getXmlFragment('default').delete(2, 1)
  ;((main.document.getXmlFragment('default').get(1) as Y.XmlElement).get(0) as Y.XmlText).insert(0, 'Now: ')
  await expect.poll(() => main.isSaved && companion.isSaved).toBe(true)
}

it('the open threads of a document are the endnotes of its files, where their text is', async () => {
  await using server = await startServer()
  const owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
  const headers = { 'content-type': 'text/markdown' }
  const body = '# Minutes\n\nWe meet at the **harbour** at noon.\n\nA tedious part.\n'
  expect((await owner.put(documentPath('minutes'), { headers, body })).status).toBeLessThan(300)
  await write(server)

  const notes = [
    'Ada, 2026-01-02: Which one?',
    'Bo, 2026-01-02: The old one.',
    'Bo, 2026-01-02: “tedious” Too long.',
  ]
  const pdf = await exportedFile(owner, 'minutes', 'pdf')
  const { text } = await extractText(await getDocumentProxy(new Uint8Array(pdf)), { mergePages: true })
  expect(text.replaceAll(/\s+/g, '')).toContain('Now:Wemeetattheharbour[1][2]atnoon.')
  for (const note of notes) expect(text.replaceAll(/\s+/g, ' ')).toContain(note)
  expect(text).not.toContain('Fixed.')

  const parts = unzipSync(await exportedFile(owner, 'minutes', 'docx'))
  const words = strFromU8(parts['word/document.xml']!).replaceAll(/<[^>]+>/g, '')
  expect(words).toContain('harbour[1][2] at noon.')
  for (const note of notes) expect(words).toContain(note)

  expect((await exportedFile(owner, 'minutes', 'md')).toString()).toBe(`# Minutes

Now: We meet at the **harbour**<sup>\\[1\\]\\[2\\]</sup> at noon.

***

\\[1\\] **Ada, 2026-01-02:** Which one?

\\[2\\] **Bo, 2026-01-02:** The old one.

\\[3\\] **Bo, 2026-01-02:** “tedious” Too long.

\\[4\\] **Eve, 2026-01-02:** Nice.
`)
  expect((await exportedFile(owner, 'minutes', 'md', { includeComments: false })).toString()).toBe(
    '# Minutes\n\nNow: We meet at the **harbour** at noon.\n',
  )
  // The document itself is as it was.
  expect((await owner.get(documentPath('minutes'), { headers: { accept: 'text/html' } })).text).not.toContain(
    'comment',
  )
})
