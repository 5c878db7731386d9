import MarkdownIt from 'markdown-it'
import { importLimits, tooLarge, type TreeLimits } from '../limits.ts'
import { normalise } from '../normalise.ts'
import type { DocumentTree } from '../tree.ts'
import { buildHtml } from './html.ts'

type Token = ReturnType<typeof markdown.parse>[number]

const maxNesting = 100

const markdown = new MarkdownIt({ html: true, maxNesting })
// The reader of HTML checks addresses.
markdown.validateLink = () => true
markdown.normalizeLink = (url) => url
markdown.normalizeLinkText = (text) => text

/**
 * Reads Markdown (CommonMark with tables, strikethrough and task lists), HTML in it included.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_TOO_LARGE
 */
export const readMarkdown = (source: string, limits?: Partial<TreeLimits>): DocumentTree => {
  const environment = {}
  const tokens = markdown.parse(source.toWellFormed(), environment)
  // Past its limit of nesting the parser leaves text out.
  if (tokens.some(({ level }) => level >= maxNesting - 1))
    throw tooLarge(`more than ${maxNesting} levels of nesting`)
  markTasks(tokens)
  const html = markdown.renderer.render(tokens, { ...markdown.options }, environment)
  return normalise(buildHtml(html, importLimits(limits), { keepSpaces: true }))
}

const task = /^\[([ xX])\](?:\s+|$)/

/** Marks the lists of which every item begins with `[ ]` or `[x]`. */
const markTasks = (tokens: readonly Token[]): void => {
  const lists: { list: Token; items: { item: Token; line: Token | undefined }[] }[] = []
  for (const [index, token] of tokens.entries()) {
    // The line end before the closing fence is no part of the text.
    if (token.type === 'fence' || token.type === 'code_block')
      token.content = token.content.replace(/\n$/, '')
    // How an empty paragraph is written.
    else if (token.type === 'inline' && token.content === '&nbsp;') token.children = []
    else if (token.type === 'bullet_list_open') lists.push({ list: token, items: [] })
    else if (token.type === 'ordered_list_open') lists.push({ list: token, items: [] })
    else if (token.type === 'list_item_open') {
      const line = tokens[index + 1]?.type === 'paragraph_open' ? tokens[index + 2] : undefined
      lists.at(-1)?.items.push({ item: token, line })
    } else if (token.type === 'bullet_list_close' || token.type === 'ordered_list_close') {
      const closed = lists.pop()
      if (closed?.list.type === 'bullet_list_open') markTaskList(closed.list, closed.items)
    }
  }
}

const markTaskList = (list: Token, items: readonly { item: Token; line: Token | undefined }[]): void => {
  const checks = items.map(({ line }) => task.exec(line?.content ?? '')?.[1])
  if (checks.length === 0 || checks.includes(undefined)) return
  list.attrSet('data-type', 'taskList')
  for (const [index, { item, line }] of items.entries()) {
    item.attrSet('data-type', 'taskItem')
    item.attrSet('data-checked', String(checks[index] !== ' '))
    const first = line?.children?.[0]
    if (first) first.content = first.content.replace(task, '')
  }
}
