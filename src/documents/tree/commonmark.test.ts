import { tests } from 'commonmark-spec'
import { Parser } from 'htmlparser2'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { contentFormats, parseContent, readContent, readDocument, replaceContent } from './index.ts'

/** The text of HTML, without white space, scripts and comments. */
const textOf = (html: string): string => {
  let text = ''
  let skipping = ''
  const parser = new Parser({
    onopentag: (name) => {
      if (/^(?:script|style|textarea)$/.test(name)) skipping = name
    },
    ontext: (part) => {
      if (skipping === '') text += part
    },
    onclosetag: (name) => {
      if (name === skipping) skipping = ''
    },
  })
  parser.end(html)
  return text.replaceAll(/\s/g, '')
}

describe.each(tests)('CommonMark example $number', ({ markdown, html }) => {
  const doc = new Y.Doc()
  const source = markdown.replaceAll('→', '\t')
  replaceContent(doc, 'md', source)
  const { tree } = readDocument(doc)

  test('keeps its text in every format', () => {
    expect(textOf(readContent(doc, 'html'))).toBe(textOf(html.replaceAll('→', '\t')))
    for (const format of contentFormats) expect(typeof readContent(doc, format)).toBe('string')
  })

  test('is the same tree again from Markdown, HTML and JSON', () => {
    for (const format of ['md', 'html', 'json'] as const) {
      expect(parseContent(format, readContent(doc, format)), format).toEqual(tree)
    }
  })
})
