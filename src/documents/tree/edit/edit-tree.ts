import { keepUnchanged } from '../merge/keep-unchanged.ts'
import { readMarkdown } from '../read/markdown.ts'
import type { Block, DocumentTree } from '../tree.ts'
import { writeMarkdown } from '../write/markdown.ts'
import { inlineText } from '../write/plain.ts'
import type { ContentEdit } from './edit-content.ts'
import { endOfSection, replaceOnly } from './places.ts'
import { replaceBlock, replaceInLine } from './replace-in-line.ts'

/**
 * A text is looked for as people read it, within one block, where the marks around it stay; then in the Markdown of the
 * document.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID, CODRAFT_CONTENT_TOO_LARGE
 */
export const editTree = (tree: DocumentTree, edit: ContentEdit): DocumentTree => {
  const { content } = tree
  if ('append' in edit) return insertBlocks(content, content.length, edit.append)
  if ('insert' in edit) {
    return insertBlocks(content, endOfSection(headingsOf(content), edit.heading, content.length), edit.insert)
  }
  const { find, replace } = edit
  return (
    replaceInLine(tree, find, replace) ??
    replaceBlock(tree, find, replace) ??
    replaceInMarkdown(tree, find, replace)
  )
}

const headingsOf = (blocks: readonly Block[]) =>
  blocks.flatMap((block, at) =>
    block.type === 'heading' ? [{ title: inlineText(block.content), level: block.attrs.level, at }] : [],
  )

const isEmpty = (block: Block | undefined): boolean =>
  block?.type === 'paragraph' && block.content.length === 0

const insertBlocks = (blocks: readonly Block[], at: number, source: string): DocumentTree => {
  const added = readMarkdown(source).content
  if (blocks.every(isEmpty)) return { type: 'doc', content: added }
  // An empty paragraph at the end is where somebody goes on to write.
  const place = at === blocks.length && isEmpty(blocks.at(-1)) ? at - 1 : at
  return { type: 'doc', content: blocks.toSpliced(place, 0, ...added) }
}

const replaceInMarkdown = (tree: DocumentTree, find: string, replace: string): DocumentTree => {
  const edited = replaceOnly(writeMarkdown(tree), find, replace)
  return keepUnchanged(tree, readMarkdown(edited), writeMarkdown)
}
