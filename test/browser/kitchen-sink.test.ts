import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { getDocumentProxy } from 'unpdf'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportedFile } from '../helpers/exports.ts'
import {
  checkPdf,
  convertWithLibreOffice,
  haveOfficePrograms,
  pdfFacts,
  pdfText,
  readWithPython,
} from '../helpers/office.ts'
import { pngOf } from '../helpers/png.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium, typeAtEnd, visit, waitUntilSaved } from './pages.ts'

const image = `data:image/png;base64,${pngOf(60, 40).toString('base64')}`
const name = 'kitchen-sink'

/** What a person pastes into the page: everything that the editor has. */
const pasted = `
<h1>Report on everything</h1>
<p>Plain <em>italic</em> <strong>bold</strong> <u>underlined</u> <s>struck</s> <code>code</code> H<sub>2</sub>O x<sup>2</sup>
 <mark data-color="#ffe48a" style="background-color: #ffe48a">marked</mark> <span style="color: #c00000">red</span>
 <a href="https://example.com/a?b=c&amp;d">a link</a> by <span data-type="mention" data-id="u1" data-label="Ada">@Ada</span>.</p>
<h2>Lists</h2>
<ol start="3"><li><p>third</p></li><li><p>fourth</p><ul><li><p>nested</p><ul><li><p>deeper</p></li></ul></li></ul></li></ol>
<ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>finished</p></li><li data-type="taskItem" data-checked="false"><p>open</p></li></ul>
<blockquote><p>A quote</p><blockquote><p>inside a quote</p></blockquote></blockquote>
<h3>Code</h3>
<pre><code class="language-js">const x = "#read(passwd)" // $x$ #include</code></pre>
<hr>
<h2>Scripts</h2>
<p dir="rtl">هذا نص عربي مع English words و 123 رقم.</p>
<p dir="rtl">זה טקסט בעברית עם English באמצע.</p>
<p>中文：统一码。日本語の文章。한국어 문장。</p>
<p>Emoji: 😀 🚀 👩‍🚀</p>
<table><tbody><tr><th colspan="2"><p>Merged head</p></th><th><p>C</p></th></tr><tr><td rowspan="2"><p>tall</p></td><td><p>b1</p></td><td><p>c1</p></td></tr><tr><td><p>b2</p></td><td><p>c2</p></td></tr></tbody></table>
<img src="${image}" alt="A grey square">
<div data-type="pageBreak"></div>
<p style="text-align: center">In the middle.</p>`

const options = {
  title: 'Kitchen sink',
  author: 'Ada Example',
  language: 'en-GB',
  date: '2026-01-02',
  header: 'Top of the page',
}

const paste = (page: Page, html: string): Promise<void> =>
  page.evaluate(`(() => {
    const data = new DataTransfer()
    data.setData('text/html', ${JSON.stringify(html)})
    document.querySelector('.prose').dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    )
  })()`)

/** Without white space, and the signs that steer directions. */
const squeeze = (text: string): string =>
  text.normalize('NFKC').replace(/[\s\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')

/**
 * What pdftotext gives of a line without interruption: all of it; of a line that is written from the right, word by
 * word, because it has an order of its own for what it takes for columns.
 */
const partsOf = (line: string): string[] =>
  /[\u0590-\u06ff]/.test(line) ? (line.match(/[\p{L}\p{N}]+/gu) ?? []) : [squeeze(line)]

interface Node {
  readonly type: string
  readonly text?: string
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly content?: readonly Node[]
}

/** The text of each line of the document, in its order. */
const linesOf = (node: Node): string[] => {
  const content = node.content ?? []
  if (node.type === 'codeBlock' || content.some(({ type }) => type === 'text'))
    return [content.map((part) => part.text ?? `@${String(part.attrs?.['label'])}`).join('')]
  return content.flatMap(linesOf)
}

/** Without what the editor adds to each mark by itself, and no other format has. */
const withoutDefaults = (json: unknown): unknown =>
  JSON.parse(
    JSON.stringify(json, (key, value: unknown) =>
      value === '' || key === 'rel' || key === 'target' ? undefined : value,
    ),
  )

const isReady = await haveOfficePrograms()

describe.skipIf(!isReady)('a document with everything, made on the page', () => {
  let browser: Browser
  let server: TestServer
  let ada: RestClient
  let lines: string[]
  let json: unknown

  beforeAll(async () => {
    browser = await launchChromium()
    server = await startServer()
    const roles = { documents: { '*': 'owner' } } as const
    ada = await restClient(server, 'ada', roles)
    const { page, errors } = await visit(
      browser,
      `${server.url}/?doc=${name}&token=${await testToken('ada', roles)}`,
    )
    await waitUntilSaved(page)
    await page.locator('.prose').click()
    await paste(page, pasted)
    await page.getByText('In the middle').waitFor()
    await typeAtEnd(page, ' Typed at the end.')
    await page.getByText('Typed at the end.').waitFor()
    await waitUntilSaved(page)
    expect(errors).toEqual([])
    json = (await ada.get(documentPath(name), { query: { format: 'json' } })).json
    lines = linesOf(json as Node)
    expect(lines).toHaveLength(26)
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const keep = async (file: string, bytes: Uint8Array): Promise<void> => {
    const folder = process.env['CODRAFT_KEEP_FILES']
    if (folder === undefined) return
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, file), bytes)
  }

  test('is a PDF with all of its text, tags, bookmarks and facts, and sound', async () => {
    const pdf = await exportedFile(ada, name, 'pdf', options)
    await keep('kitchen-sink.pdf', pdf)
    expect(await checkPdf(pdf)).toContain('No syntax or stream encoding errors found')
    const facts = await pdfFacts(pdf)
    expect(facts).toMatch(/Title: +Kitchen sink/)
    expect(facts).toMatch(/Author: +Ada Example/)
    expect(facts).toMatch(/Tagged: +yes/)
    const proxy = await getDocumentProxy(new Uint8Array(pdf))
    expect(proxy.numPages).toBe(2)
    const outline = ((await proxy.getOutline()) ?? []) as Outline[]
    expect(outline.map(titlesOf)).toEqual([['Report on everything', ['Lists', ['Code']], ['Scripts']]])

    let rest = squeeze(await pdfText(pdf)).replaceAll(squeeze('Top of the page'), '')
    for (const line of lines.toSorted((a, b) => b.length - a.length))
      for (const part of partsOf(line)) {
        expect(rest, `${part} in the text of the PDF`).toContain(part)
        rest = rest.replace(part, '')
      }
    // Bullets, numbers of items and pages.
    expect(rest).toMatch(/^[•‣–◦▪☐☑✓\d./:]*$/)
  })

  test('is a Word document that python-docx and LibreOffice open', async () => {
    const docx = await exportedFile(ada, name, 'docx', options)
    await keep('kitchen-sink.docx', docx)
    const word = await readWithPython(docx)
    expect(word).toMatchObject({
      title: 'Kitchen sink',
      author: 'Ada Example',
      headings: [
        ['Heading 1', 'Report on everything'],
        ['Heading 2', 'Lists'],
        ['Heading 3', 'Code'],
        ['Heading 2', 'Scripts'],
      ],
      listItems: 4,
      tables: 1,
      widestCell: 2,
      verticalMerges: 2,
      links: ['https://example.com/a?b=c&d'],
      images: 1,
      rightToLeft: 2,
    })
    for (const line of lines) expect(squeeze(word.text)).toContain(squeeze(line))

    const html = (await convertWithLibreOffice(docx, 'html')).toString()
    const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0
    expect({
      headings: count(/<h[1-6][ >]/g),
      items: count(/<li[ >]/g),
      colspan: count(/colspan="2"/g),
      rowspan: count(/rowspan="2"/g),
      links: count(/<a [^>]*href="https:/g),
      images: count(/<img /g),
    }).toEqual({ headings: 4, items: 4, colspan: 1, rowspan: 1, links: 1, images: 1 })
    const pdf = await convertWithLibreOffice(docx, 'pdf')
    await keep('kitchen-sink-from-word.pdf', pdf)
    const text = squeeze(await pdfText(pdf))
    for (const part of ['Report on everything', 'inside a quote', 'Merged head', 'Typed at the end.'])
      expect(text).toContain(squeeze(part))
  })

  test.each([
    ['md', 'text/markdown'],
    ['html', 'text/html'],
  ])('is the same document again when its %s file is put into another', async (format, type) => {
    const file = await exportedFile(ada, name, format, options)
    await keep(`kitchen-sink.${format}`, file)
    const again = `again-${format}`
    const answer = await ada.put(documentPath(again), {
      headers: { 'content-type': type },
      body: file.toString(),
    })
    expect(answer.status).toBeLessThan(300)
    const { json: found } = await ada.get(documentPath(again), { query: { format: 'json' } })
    expect(found).toEqual(withoutDefaults(json))
  })

  test('is plain text with every line', async () => {
    const text = (await exportedFile(ada, name, 'txt')).toString()
    await keep('kitchen-sink.txt', Buffer.from(text))
    for (const line of lines) expect(squeeze(text)).toContain(squeeze(line))
  })
})

interface Outline {
  readonly title: string
  readonly items: readonly Outline[]
}

type Titles = (string | Titles)[]

/** A bookmark, and those under it. */
const titlesOf = ({ title, items }: Outline): Titles => [title, ...items.map(titlesOf)]
