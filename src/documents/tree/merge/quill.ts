import type * as Y from 'yjs'
import { toJsonValue } from '../json-value.ts'
import { stable } from '../normalise.ts'
import { quillStyles } from '../read/quill.ts'
import type { YjsType } from '../read/yjs.ts'
import type { Block, DocumentTree, Inline, JsonValue, Mark } from '../tree.ts'
import { inlineText } from '../write/plain.ts'
import { textDelta, type Format, type FormatEntry, type Run } from './text-delta.ts'
import { storedRuns } from './xml-shape.ts'

/** Changes a Quill document into the tree; what Quill has no format for becomes the nearest it has. */
export const mergeQuill = (text: Y.Text, tree: DocumentTree): void => {
  const delta = textDelta(storedRuns(text as unknown as YjsType), quillRuns(tree), quillEntries)
  if (delta.length > 0) text.applyDelta(delta, { sanitize: false })
}

/** Changes a plain text into another. */
export const mergePlainText = (text: Y.Text, wanted: string): void => {
  const runs = wanted === '' ? [] : [{ insert: wanted, format: {} }]
  const delta = textDelta(storedRuns(text as unknown as YjsType), runs, () => [])
  if (delta.length > 0) text.applyDelta(delta, { sanitize: false })
}

const quillEntries = (format: Format): FormatEntry[] =>
  Object.entries(format)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => ({ key, name: key, value: stable(toJsonValue(value) ?? null) }))

const quillRuns = (tree: DocumentTree): Run[] => {
  const runs: Run[] = []
  for (const block of tree.content) addBlock(runs, block, {})
  return runs
}

const addBlock = (runs: Run[], block: Block, outer: Format): void => {
  switch (block.type) {
    case 'paragraph':
    case 'customText': {
      const { textAlign, dir, indent } = block.attrs
      return addLine(runs, block.content, {
        ...lineFormat(textAlign, dir),
        ...(indent ? { indent } : {}),
        ...outer,
      })
    }
    case 'heading': {
      const { textAlign, dir, level } = block.attrs
      return addLine(runs, block.content, { ...lineFormat(textAlign, dir), header: level, ...outer })
    }
    case 'codeBlock': {
      const format = { ...outer, 'code-block': block.attrs.language ?? 'plain' }
      for (const line of inlineText(block.content).split('\n')) {
        if (line !== '') runs.push({ insert: line, format: {} })
        runs.push({ insert: '\n', format })
      }
      return
    }
    case 'blockquote':
      for (const child of block.content) addBlock(runs, child, { ...outer, blockquote: true })
      return
    case 'bulletList':
    case 'orderedList':
    case 'taskList':
      return addList(runs, block, 0)
    case 'table':
      for (const [index, row] of block.content.entries()) {
        for (const cell of row.content) {
          const inlines = cell.content.flatMap((child) => (child.type === 'paragraph' ? child.content : []))
          addLine(runs, inlines, { table: `row-${index + 1}` })
        }
      }
      return
    case 'image': {
      const { src, alt, width, height } = block.attrs
      runs.push({ insert: { image: src }, format: defined({ alt, width, height }) })
      runs.push({ insert: '\n', format: outer })
      return
    }
    case 'horizontalRule':
    case 'pageBreak':
      runs.push({ insert: { divider: true }, format: {} }, { insert: '\n', format: outer })
      return
    case 'customBlock':
      for (const child of block.content) addBlock(runs, child, outer)
  }
}

const addList = (
  runs: Run[],
  list: Extract<Block, { type: 'bulletList' | 'orderedList' | 'taskList' }>,
  level: number,
): void => {
  const indent = level === 0 ? {} : { indent: level }
  for (const item of list.content) {
    const kind =
      item.type === 'taskItem'
        ? item.attrs.checked
          ? 'checked'
          : 'unchecked'
        : list.type === 'orderedList'
          ? 'ordered'
          : 'bullet'
    for (const [index, child] of item.content.entries()) {
      if (child.type === 'bulletList' || child.type === 'orderedList' || child.type === 'taskList')
        addList(runs, child, level + 1)
      else addBlock(runs, child, index === 0 ? { list: kind, ...indent } : { indent: level + 1 })
    }
  }
}

const lineFormat = (textAlign: JsonValue | undefined, dir: JsonValue | undefined): Format =>
  defined({ align: textAlign === 'left' ? undefined : textAlign, direction: dir === 'rtl' ? dir : undefined })

const addLine = (runs: Run[], inlines: readonly Inline[], format: Format): void => {
  for (const inline of inlines) {
    // Quill has no break within a line.
    if (inline.type === 'hardBreak') runs.push({ insert: '\n', format })
    else runs.push({ insert: insertOf(inline), format: marksFormat(inline) })
  }
  runs.push({ insert: '\n', format })
}

const insertOf = (inline: Exclude<Inline, { type: 'hardBreak' }>): string | object => {
  switch (inline.type) {
    case 'text':
      return inline.text
    case 'image':
      return { image: inline.attrs.src }
    case 'mention': {
      const { label, ...attrs } = inline.attrs
      return { mention: { ...attrs, value: label } }
    }
    case 'customInline':
      return { [inline.name]: inline.attrs['value'] ?? inlineText([inline]) }
  }
}

const marksFormat = (inline: Inline): Format => {
  const format: Record<string, unknown> = {}
  for (const mark of inline.marks) Object.assign(format, markFormat(mark))
  if (inline.type === 'image') {
    const { alt, width, height } = inline.attrs
    Object.assign(format, defined({ alt, width, height }))
  }
  return format
}

const markFormat = (mark: Mark): Format => {
  switch (mark.type) {
    case 'subscript':
      return { script: 'sub' }
    case 'superscript':
      return { script: 'super' }
    case 'link':
      return { link: mark.attrs['href'] }
    case 'highlight':
      return { background: mark.attrs['color'] ?? 'yellow' }
    case 'textStyle':
      return Object.fromEntries(
        Object.entries(quillStyles).flatMap(([quill, css]) =>
          mark.attrs[css] === undefined ? [] : [[quill, mark.attrs[css]]],
        ),
      )
    case 'comment':
      return {}
    case 'customMark':
      return { [mark.name]: mark.attrs['value'] ?? true }
    default:
      return { [mark.type]: true }
  }
}

const defined = (values: Record<string, unknown>): Format =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
