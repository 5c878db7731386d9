import type { ContentEdit } from './edit-content.ts'
import { endOfSection, replaceOnly } from './places.ts'

/** @throws {CodraftError} CODRAFT_EDIT_INVALID */
export const editText = (text: string, edit: ContentEdit): string => {
  if ('append' in edit) return insertLines(text, text.length, edit.append)
  if ('find' in edit) return replaceOnly(text, edit.find, edit.replace)
  return insertLines(text, endOfSection(headingsOf(text), edit.heading, text.length), edit.insert)
}

/** Headings in the manner of Markdown. */
const headingsOf = (text: string) =>
  Array.from(text.matchAll(/^(#{1,6})[ \t]+(.*)$/gm), ({ 1: marks = '', 2: title = '', index }) => ({
    title,
    level: marks.length,
    at: index,
  }))

const insertLines = (text: string, at: number, added: string): string => {
  const [before, after] = [text.slice(0, at), text.slice(at)]
  const start = before === '' || before.endsWith('\n') ? before : `${before}\n`
  return after === '' || added.endsWith('\n') ? start + added + after : `${start}${added}\n${after}`
}
