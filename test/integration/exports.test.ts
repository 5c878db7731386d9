import { tests as commonmark } from 'commonmark-spec'
import { strFromU8, unzipSync } from 'fflate'
import { extractText, getDocumentProxy } from 'unpdf'
import { afterAll, describe, expect, test } from 'vitest'
import { parseContent, type Block, type DocumentTree } from '../../src/documents/tree/index.ts'
import {
  exportDocument,
  exportFormats,
  RenderPool,
  type ExportedFile,
  type ExportFormat,
  type ExportOptions,
} from '../../src/exports/index.ts'
import { hostileDocuments } from '../helpers/hostile-documents.ts'
import { kitchenSink } from '../helpers/kitchen-sink.ts'

const pool = new RenderPool()
afterAll(() => pool.close())

const exportTree = (
  tree: DocumentTree,
  format: ExportFormat,
  options: ExportOptions = {},
  renderers = pool,
): Promise<ExportedFile> =>
  exportDocument({ tree, names: {} }, format, options, {
    pool: renderers,
    fetchImage: async () => undefined,
  })

const exportMarkdown = (markdown: string, format: ExportFormat, options?: ExportOptions) =>
  exportTree(parseContent('md', markdown), format, options)

const documentOf = (...content: Block[]): DocumentTree => ({ type: 'doc', content })
const paragraph = (text: string): Block => ({
  type: 'paragraph',
  attrs: {},
  content: text === '' ? [] : [{ type: 'text', text, marks: [] }],
})

const pdfOf = async ({ bytes }: ExportedFile) => {
  const pdf = await getDocumentProxy(new Uint8Array(bytes))
  const { text } = await extractText(pdf, { mergePages: true })
  return { pdf, text }
}

const partsOf = ({ bytes }: ExportedFile): Record<string, string> =>
  Object.fromEntries(Object.entries(unzipSync(bytes)).map(([name, part]) => [name, strFromU8(part)]))

const options: ExportOptions = {
  title: 'Kitchen sink',
  author: 'Ada Example',
  language: 'en-GB',
  date: '2026-01-02',
  tableOfContents: true,
  header: 'Top of the page',
  comments: [{ id: 'c1', author: 'Grace', text: 'Is that so?', date: '2026-01-01T10:00:00Z' }],
}

describe('a document with everything', () => {
  const words = [
    'Report on everything',
    'italic bold underlined struck code',
    'marked red a link by @Ada',
    'third',
    'deeper',
    'inside a quote',
    '#read("/etc/passwd")',
    'Merged head',
    'Callout text',
    'The end.',
  ]

  test('as PDF: text, metadata, tags, bookmarks, notes and links', async () => {
    const file = await exportMarkdown(kitchenSink, 'pdf', options)
    expect(file.notes).toEqual([])
    const { pdf, text } = await pdfOf(file)
    for (const part of [
      ...words.filter((word) => !word.includes('passwd')),
      '统一码',
      '日本語',
      '한국어',
      '😀',
    ]) {
      expect(text).toContain(part)
    }
    expect(text).toContain('passwd')
    expect(text).toContain('Grace, 2026-01-01: Is that so?')
    expect(text).toContain('Top of the page')
    expect(pdf.numPages).toBe(2)
    const { info } = await pdf.getMetadata()
    expect(info).toMatchObject({ Title: 'Kitchen sink', Author: 'Ada Example', Language: 'en-GB' })
    expect((await pdf.getMarkInfo())?.['Marked']).toBe(true)
    const [first] = await pdf.getOutline()
    expect(first).toMatchObject({ title: 'Report on everything' })
    expect(first?.items.map(({ title }) => title)).toContain('Lists')
    const links = await (await pdf.getPage(1)).getAnnotations()
    expect(links.map(({ url }: { url?: string }) => url)).toContain('https://example.com/a?b=c&d')
  })

  test('as PDF: the same bytes for the same document', async () => {
    const files = [
      await exportMarkdown(kitchenSink, 'pdf', options),
      await exportMarkdown(kitchenSink, 'pdf', options),
    ]
    expect(Buffer.compare(files[0]?.bytes ?? Buffer.alloc(0), files[1]?.bytes ?? Buffer.alloc(0))).toBe(0)
  })

  test('as DOCX: headings, lists, merged cells, links, image, notes and directions', async () => {
    const file = await exportMarkdown(kitchenSink, 'docx', options)
    expect(file.notes).toEqual([])
    const parts = partsOf(file)
    const xml = parts['word/document.xml'] ?? ''
    expect(xml.match(/w:val="Heading[123]"/g)).toHaveLength(4)
    expect(xml).toContain('<w:gridSpan w:val="2"/>')
    expect(xml).toContain('<w:vMerge w:val="restart"/>')
    expect(xml).toContain('<w:tblHeader/>')
    expect(xml.match(/<w:bidi\/>/g)?.length).toBeGreaterThanOrEqual(3)
    expect(xml).toContain('<w:rtl/>')
    expect(xml).toContain('☑')
    expect(parts['word/numbering.xml']).toContain('<w:start w:val="3"/>')
    expect(parts['word/_rels/document.xml.rels']).toContain('https://example.com/a?b=c&amp;d')
    expect(Object.keys(parts).filter((name) => name.startsWith('word/media/'))).toHaveLength(1)
    const text = xml.replaceAll(/<w:br\/>/g, '\n').replaceAll(/<[^>]*>/g, '')
    for (const part of [...words.filter((word) => !word.includes('passwd')), 'مرحبا بالعالم', '한국어']) {
      expect(text).toContain(part)
    }
    expect(text).toContain('Is that so?')
    expect(parts['docProps/core.xml']).toContain('<dc:creator>Ada Example</dc:creator>')
    // Without the rule LibreOffice takes the height for exact, and cuts images off.
    for (const part of Object.values(parts)) expect(part).not.toMatch(/w:line="\d+"(?! w:lineRule)/)
  })

  test('as HTML, Markdown and text', async () => {
    for (const format of ['html', 'md', 'txt'] as const) {
      const content = strFromU8((await exportMarkdown(kitchenSink, format, options)).bytes)
      for (const part of ['third', 'Merged head', 'passwd', 'مرحبا بالعالم', 'Callout text']) {
        expect(content, format).toContain(part)
      }
    }
    const html = strFromU8((await exportMarkdown(kitchenSink, 'html', options)).bytes)
    expect(html).toContain('<html lang="en-GB" dir="ltr">')
    expect(html).not.toContain('<script')
  })
})

describe('documents that could break a renderer', () => {
  test.each(Object.keys(hostileDocuments))('%s: every format is made', async (name) => {
    const tree = hostileDocuments[name] as DocumentTree
    for (const format of exportFormats) {
      const file = await exportTree(tree, format)
      expect(file.bytes.length, format).toBeGreaterThanOrEqual(name === 'an empty document' ? 0 : 5)
      if (name === 'an empty document' || tree.content.length > 100) continue
      const shown =
        format === 'pdf'
          ? (await pdfOf(file)).text
          : format === 'docx'
            ? partsOf(file)['word/document.xml']
            : strFromU8(file.bytes)
      expect(shown, format).toContain('innermost')
    }
  })

  test('an image past the limit of pixels is left out, with a note', async () => {
    const bomb = await exportTree(hostileDocuments['an image bomb'] as DocumentTree, 'pdf')
    expect(bomb.notes.join()).toContain('could not be included')
    const { text } = await pdfOf(bomb)
    expect(text).toContain('[shown instead]')
  })
})

test('the examples of the CommonMark specification: every format is made', async () => {
  for (const { markdown, number } of commonmark) {
    const tree = parseContent('md', markdown.replaceAll('→', '\t'))
    for (const format of ['pdf', 'docx'] as const) {
      const { bytes } = await exportTree(tree, format)
      expect(bytes.length, `example ${number} as ${format}`).toBeGreaterThan(500)
    }
  }
}, 300_000)

describe('the pool', () => {
  const long = documentOf(
    ...Array.from({ length: 20_000 }, (_, index) => paragraph(`Paragraph ${index} of many.`)),
  )
  const short = documentOf(paragraph('short'))

  const withPool = async (
    options: ConstructorParameters<typeof RenderPool>[0],
    use: (pool: RenderPool) => Promise<void>,
  ) => {
    const own = new RenderPool(options)
    try {
      await use(own)
    } finally {
      await own.close()
    }
    expect(own.pids).toEqual([])
  }

  test('ends a render past its deadline, and goes on with the next', () =>
    withPool({ deadlineMs: 1500 }, async (own) => {
      await exportTree(short, 'docx', {}, own).catch(() => undefined)
      await expect(
        exportTree(documentOf(...long.content, ...long.content, ...long.content), 'pdf', {}, own),
      ).rejects.toThrow('CODRAFT_EXPORT_TOO_SLOW')
      const file = await exportTree(short, 'txt', {}, own)
      expect(strFromU8(file.bytes)).toBe('short\n')
    }))

  test('ends a render past its memory', () =>
    withPool({ maxChildBytes: 120 * 1024 ** 2 }, async (own) => {
      await expect(exportTree(long, 'pdf', {}, own)).rejects.toThrow('CODRAFT_EXPORT_TOO_LARGE')
    }))

  test('replaces a child after so many documents, and keeps it until then', () =>
    withPool({ recycleAfter: 2 }, async (own) => {
      await exportTree(short, 'docx', {}, own)
      const [first] = own.pids
      await exportTree(short, 'docx', {}, own)
      expect(own.pids).toEqual([])
      await exportTree(short, 'docx', {}, own)
      expect(own.pids).not.toContain(first)
    }))

  test('runs no more children than its size, and all requests in the end', () =>
    withPool({ size: 2 }, async (own) => {
      const files = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const file = await exportTree(short, 'docx', {}, own)
          expect(own.pids.length).toBeLessThanOrEqual(2)
          return file
        }),
      )
      expect(files).toHaveLength(6)
    }))

  test('gives up what it renders when it is closed', async () => {
    const own = new RenderPool()
    const rendering = exportTree(long, 'pdf', {}, own)
    await expect.poll(() => own.pids.length).toBe(1)
    await Promise.all([expect(rendering).rejects.toThrow('CODRAFT_SERVER_DRAINING'), own.close()])
    expect(own.pids).toEqual([])
  })
})
