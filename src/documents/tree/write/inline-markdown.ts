import { isSafeImage } from '../addresses.ts'
import type { Inline, Mark } from '../tree.ts'
import { blockHtml, markTags } from './html.ts'
import { stable } from '../normalise.ts'

interface LineOptions {
  readonly isHeading?: boolean
  readonly isCell?: boolean
}

/** One line of text as Markdown. */
export const inlineMarkdown = (inlines: readonly Inline[], options: LineOptions = {}): string => {
  const line = renderRun(inlines, 0, options).replace(/(?:\\\n)+$/, (breaks) =>
    '<br>'.repeat(breaks.length / 2),
  )
  return atLineStart(line, options)
}

/** Text in which the marks at `depth` and deeper are still to be written: neighbours that share one are written together. */
const renderRun = (inlines: readonly Inline[], depth: number, options: LineOptions): string => {
  let text = ''
  for (let start = 0; start < inlines.length;) {
    const mark = inlines[start]?.marks[depth]
    let end = start + 1
    if (mark === undefined) text += renderOne(inlines[start] as Inline, options)
    else {
      const key = stable(mark)
      while (end < inlines.length && sameMark(inlines[end]?.marks[depth], key)) end++
      const run = inlines.slice(start, end)
      const next = inlines[end]
      text += renderMark(mark, run, depth, { ...options, before: text, after: next })
    }
    start = end
  }
  return text
}

const sameMark = (mark: Mark | undefined, key: string): boolean => mark !== undefined && stable(mark) === key

interface Place extends LineOptions {
  /** What has been written of the line. */
  readonly before: string
  readonly after: Inline | undefined
}

const delimiters: Readonly<Record<string, string>> = { bold: '**', italic: '*', strike: '~~' }

const renderMark = (mark: Mark, run: readonly Inline[], depth: number, place: Place): string => {
  if (mark.type === 'code') {
    const [only] = run
    const isPlain = run.length === 1 && only?.type === 'text' && only.marks.length === depth + 1
    if (isPlain) return codeSpan(only.text, place)
  }
  const inner = renderRun(run, depth + 1, place)
  const delimiter = delimiters[mark.type]
  if (delimiter !== undefined && isFlanked(inner, delimiter, place)) return delimiter + inner + delimiter
  if (mark.type === 'link') {
    const href = typeof mark.attrs['href'] === 'string' ? mark.attrs['href'] : ''
    const [open, close] = markTags(mark)
    if (open === '') return inner
    // Behind an exclamation mark it would be an image.
    if (place.before.endsWith('!')) return inTable(open, place) + inner + close
    return `[${inner}](${destination(href)}${title(mark.attrs['title'])})`
  }
  const [open, close] = markTags(mark)
  return inTable(open, place) + inner + close
}

const word = /^[\p{L}\p{N}]$/u

/**
 * Whether CommonMark reads a delimiter here as intended: letters on both inner sides, or other signs where the line
 * begins, ends or has a space outside; and no delimiter of the same sign beside it.
 */
const isFlanked = (inner: string, delimiter: string, { before, after }: Place): boolean => {
  const sign = delimiter[0] as string
  const first = inner[0] ?? ' '
  const last = inner.at(-1) ?? ' '
  if (before.endsWith(sign) || first === sign || last === sign || /\s/.test(first + last)) return false
  const isOpen = word.test(first) || before === '' || before.endsWith(' ')
  const isClosed =
    word.test(last) || after === undefined || (after.type === 'text' && after.text.startsWith(' '))
  return isOpen && isClosed && !/&#\w+;$/.test(inner) && !inner.startsWith('&#')
}

const codeSpan = (text: string, { isCell }: LineOptions): string => {
  const [open, close] = markTags({ type: 'code', attrs: {} })
  const isPlain = !/[\n\t]| {2}/.test(text) && !(isCell && text.includes('|'))
  if (!isPlain) return open + escapeText(text) + close
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length))
  const ticks = '`'.repeat(longest + 1)
  const pad = /^`|`$|^ .* $/.test(text) && text.trim() !== '' ? ' ' : ''
  return ticks + pad + text + pad + ticks
}

const renderOne = (inline: Inline, options: LineOptions): string => {
  switch (inline.type) {
    case 'text':
      return inTable(escapeText(inline.text), options)
    case 'hardBreak':
      return options.isHeading || options.isCell ? '<br>' : '\\\n'
    case 'image': {
      const { src, alt = '', title: text, ...others } = inline.attrs
      if (Object.keys(others).length > 0 || !isSafeImage(src) || inline.attrs.alt === undefined) break
      return inTable(`![${escapeText(alt)}](${destination(src)}${title(text)})`, options)
    }
    case 'mention':
    case 'customInline':
      break
  }
  const html = blockHtml({ type: 'paragraph', attrs: {}, content: [{ ...inline, marks: [] }] })
  return inTable(
    html
      .replace(/^<p[^>]*>/, '')
      .replace(/<\/p>$/, '')
      .replaceAll('\n', '&#10;'),
    options,
  )
}

/** A bar would end the cell. */
const inTable = (text: string, { isCell }: LineOptions): string =>
  isCell ? text.replaceAll(/\\*\|/g, '&#124;') : text

const destination = (address: string): string =>
  `<${address
    .replaceAll(/[<>\\]/g, (char) => `\\${char}`)
    .replaceAll(/[\n\r]/g, '')
    .replaceAll('&', '&amp;')}>`

const title = (text: unknown): string =>
  typeof text === 'string' && text !== ''
    ? ` "${text
        .replaceAll(/["\\]/g, (char) => `\\${char}`)
        .replaceAll('&', '&amp;')
        .replaceAll('\n', '&#10;')}"`
    : ''

const escapeText = (text: string): string =>
  text
    .replaceAll(/[\\`*_[\]<>~|]/g, (char) => `\\${char}`)
    .replaceAll(/&(?=#|\w+;)/g, '&amp;')
    // White space that Markdown would drop or read as something else.
    .replaceAll(/[\n\t\r\f\v]/g, (char) => `&#${char.charCodeAt(0)};`)

/** What would make the line something else than a paragraph, and space at its ends. */
const atLineStart = (line: string, { isHeading, isCell }: LineOptions): string => {
  const trimmed = line
    .replace(/^ +/, (blanks) => '&#32;'.repeat(blanks.length))
    .replace(/ +$/, (blanks) => '&#32;'.repeat(blanks.length))
    .replaceAll(/ +\\\n/g, (blanks) => `${'&#32;'.repeat(blanks.length - 2)}\\\n`)
    .replaceAll(/\\\n +/g, (blanks) => `\\\n${'&#32;'.repeat(blanks.length - 2)}`)
  if (isCell) return trimmed
  if (isHeading) return trimmed.replace(/#+$/, (signs) => `\\${signs}`)
  return trimmed.replaceAll(
    /^(?:#{1,6}(?=\s|$)|[+-](?=\s|$)|[-=]+(?=\s*$)|\d{1,9}(?=[.)](?:\s|$))|-(?=[ -]*$))/gm,
    (start) => (/^\d/.test(start) ? `${start}\\` : `\\${start}`),
  )
}
