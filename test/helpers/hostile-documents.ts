import type { Block, DocumentTree } from '../../src/documents/tree/index.ts'
import { pngOf } from './png.ts'

const documentOf = (...content: Block[]): DocumentTree => ({ type: 'doc', content })
const paragraph = (text: string): Block => ({
  type: 'paragraph',
  attrs: {},
  content: text === '' ? [] : [{ type: 'text', text, marks: [] }],
})
const text = (value: string, href?: string) => ({
  type: 'text' as const,
  text: value,
  marks: href === undefined ? [] : [{ type: 'link' as const, attrs: { href } }],
})
const quoted = (levels: number): Block => {
  let block = paragraph('innermost')
  for (let level = 0; level < levels; level++) block = { type: 'blockquote', attrs: {}, content: [block] }
  return block
}
const image = (bytes: Buffer): Block => ({
  type: 'image',
  attrs: { src: `data:image/png;base64,${bytes.toString('base64')}`, alt: 'shown instead' },
})
const cell = (value: string, colspan = 1, rowspan = 1) => ({
  type: 'tableCell' as const,
  attrs: { colspan, rowspan },
  content: [paragraph(value)],
})
const row = (...content: ReturnType<typeof cell>[]) => ({ type: 'tableRow' as const, attrs: {}, content })
const sound = pngOf(40, 40)
const damaged = Buffer.concat([sound.subarray(0, 50), Buffer.alloc(60, 7)])

/** Documents that could break a renderer, each with the word `innermost` but the empty one. */
export const hostileDocuments: Readonly<Record<string, DocumentTree>> = {
  'an empty document': documentOf(),
  '40 nested quotes': documentOf(quoted(40)),
  'a first heading of level 4': documentOf({
    type: 'heading',
    attrs: { level: 4 },
    content: [text('innermost')],
  }),
  'links without an address, and with scripts': documentOf({
    type: 'paragraph',
    attrs: {},
    content: [
      text('innermost', ''),
      text('b', 'javascript:alert(1)'),
      text('c', `https://x/${'y'.repeat(9000)}`),
    ],
  }),
  'a ragged table with spans past its end': documentOf(
    {
      type: 'table',
      attrs: {},
      content: [
        row(cell('innermost', 900, 900), cell('b')),
        row(),
        row(cell('c'), cell('d', 3), cell('e', 1, 70)),
      ],
    },
    paragraph('after'),
  ),
  'an image bomb': documentOf(image(pngOf(9000, 9000)), paragraph('innermost')),
  'a damaged image': documentOf(image(damaged), paragraph('innermost')),
  'half characters and control characters': documentOf(paragraph('innermost \uD800 \u0000\u0007\uFFFF x')),
  'letters that no font has': documentOf(paragraph('innermost \u{1F9FF} ꦱ 𐍈 \u{12000}')),
  'code in its text': documentOf(paragraph('innermost #panic() #import "x" */ ]] $ @ <label> \\')),
  'a word of 200,000 letters': documentOf(paragraph('innermost'), paragraph('w'.repeat(200_000))),
  '20,000 paragraphs': documentOf(
    paragraph('innermost'),
    ...Array.from({ length: 20_000 }, (_, index) => paragraph(`Paragraph ${index}`)),
  ),
}
