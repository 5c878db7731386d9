import { afterAll, beforeAll, expect, it } from 'vitest'
import type { XmlElement, XmlText } from 'yjs'
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

const put = (body: string) =>
  client.put(documentPath('large'), { body, headers: { 'content-type': 'text/markdown' } })

const sentence =
  'What many people write together over months, with *marks* and [links](<https://example.org>). '
/** About 1 MB. */
const paragraphs = Array.from({ length: 2_500 }, (_, index) =>
  `Paragraph ${index}: ${sentence.repeat(4)}`.trim(),
)

it('replacing 1 MB keeps up nobody: edits elsewhere arrive at once, and one of the document itself stays', async () => {
  await using writer = await connectHocuspocus(server, 'elsewhere', { user: 'writer' })
  await using reader = await connectHocuspocus(server, 'elsewhere', { user: 'reader' })
  const created = await put(paragraphs.join('\n\n'))
  expect(created.status).toBe(201)
  await using editor = await connectHocuspocus(server, 'large', { user: 'editor' })

  const fragment = editor.document.getXmlFragment('default')
  await expect.poll(() => fragment.length).toBe(paragraphs.length)
  const changed = paragraphs.map((paragraph, index) => (index % 2 ? paragraph : `${paragraph} Again.`))
  const replacing = { isDone: false }
  const putAt = performance.now()
  const replaced = put(changed.join('\n\n')).finally(() => (replacing.isDone = true))
  const paragraph = fragment.get(1) as XmlElement

  const latenciesMs: number[] = []
  while (!replacing.isDone) {
    const startedAt = performance.now()
    const length = writer.text.length
    writer.text.insert(length, '.')
    await expect.poll(() => reader.text.length, { interval: 2 }).toBe(length + 1)
    latenciesMs.push(performance.now() - startedAt)
    // What was there when the request came is replaced, what comes after is kept: the last of these, by all means.
    if (latenciesMs.length % 10 === 0) (paragraph.get(0) as XmlText).insert(0, `${latenciesMs.length}. `)
  }
  expect((await replaced).status).toBe(200)
  // On a machine that does much else, too: merged where the edits pass, it would hold up one of them for nearly all of that time.
  expect(latenciesMs.length).toBeGreaterThan(20)
  expect(Math.max(...latenciesMs)).toBeLessThan((performance.now() - putAt) / 4)

  const lastTyped = `${latenciesMs.length - (latenciesMs.length % 10)}\\. `
  const { text } = await client.get(documentPath('large'), { query: { format: 'md' } })
  const [heading, typed, ...others] = text.trimEnd().split('\n\n')
  expect(typed?.startsWith(lastTyped)).toBe(true)
  expect(typed?.endsWith(changed[1] as string)).toBe(true)
  expect([heading, ...others].join('\n\n') === changed.toSpliced(1, 1).join('\n\n')).toBe(true)
})
