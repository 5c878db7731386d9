import {
  formatContent,
  type Block,
  type DocumentReading,
  type Inline,
  type MarkType,
} from '../documents/tree/index.ts'
import type { ExportComment } from './ExportOptions.ts'

type Reading = Pick<DocumentReading, 'tree' | 'names' | 'text'>
type Node = Block | Inline

const maxQuote = 300

/** Ids of the comments whose text ends with this part of a line. */
export const endedComments = (inline: Inline, next: Inline | undefined): string[] =>
  commentIds(inline).filter((id) => !next || !commentIds(next).includes(id))

const commentIds = ({ marks }: Inline): string[] =>
  marks.flatMap(({ type, attrs: { id } }) => (type === 'comment' && typeof id === 'string' ? [id] : []))

/** The text of a note to which no number in the document leads: it says itself what it is about. */
export const unplacedText = ({ quote, text }: ExportComment): string => {
  if (quote === undefined) return text
  const start = quote.length <= maxQuote ? quote : `${quote.slice(0, maxQuote)}…`
  return `“${start}” ${text}`
}

/** Comments as parts of the content, for formats without notes: numbers where their texts end, and notes after it all. */
export const withEndnotes = (reading: Reading, comments: readonly ExportComment[]): Reading => {
  if (comments.length === 0) return reading
  const notes: Block[] = []
  const placed = new Set<string>()
  const addNote = (comment: ExportComment, text = comment.text): number =>
    notes.push(noteOf(notes.length + 1, comment, text))
  const numbersOf = (id: string): Inline[] =>
    comments
      .filter((comment) => comment.id === id)
      .map((comment) => {
        placed.add(id)
        return words(`[${addNote(comment)}]`, 'superscript')
      })
  const number = (nodes: readonly Node[]): Node[] =>
    nodes.flatMap((node, index): Node[] => {
      if (node.type === 'codeBlock') return [node]
      const content = 'content' in node ? { content: number(node.content as readonly Node[]) } : {}
      if (!('marks' in node)) return [{ ...node, ...content } as Node]
      const marks = node.marks.filter(({ type }) => type !== 'comment')
      const ended = endedComments(node, nodes[index + 1] as Inline | undefined)
      return [{ ...node, ...content, marks } as Node, ...ended.flatMap(numbersOf)]
    })

  const content = number(reading.tree.content) as Block[]
  for (const comment of comments) if (!placed.has(comment.id)) addNote(comment, unplacedText(comment))
  const tail: Block[] = [{ type: 'horizontalRule', attrs: {} }, ...notes]
  const tree = { ...reading.tree, content: [...content, ...tail] }
  if (reading.text === undefined) return { ...reading, tree }
  const written = formatContent('text', { tree: { ...reading.tree, content: tail }, names: {} })
  return { ...reading, tree, text: `${reading.text}\n\n${written}` }
}

const noteOf = (number: number, { author, date }: ExportComment, text: string): Block => {
  const by = [author, date?.slice(0, 10)].filter(Boolean).join(', ')
  const [first = '', ...others] = text.split('\n')
  const content: Inline[] = [
    words(`[${number}] `),
    ...(by === '' ? [] : [words(`${by}:`, 'bold'), words(' ')]),
    words(first),
    ...others.flatMap((line): Inline[] => [{ type: 'hardBreak', attrs: {}, marks: [] }, words(line)]),
  ]
  return { type: 'paragraph', attrs: {}, content }
}

const words = (text: string, ...marks: MarkType[]): Inline => ({
  type: 'text',
  text: text.toWellFormed(),
  marks: marks.map((type) => ({ type, attrs: {} })),
})
