import type { Person } from '../../documents/comment-threads.ts'

/** The part of a name that is being typed after an `@` at the caret; undefined when there is none. */
export const mentionAt = (
  text: string,
  caret: number,
): { readonly from: number; readonly typed: string } | undefined => {
  const match = /(?:^|[\s(])@([^\s@]{0,30}(?: [^\s@]{1,30})?)$/u.exec(text.slice(0, caret))
  const typed = match?.[1]
  return typed === undefined ? undefined : { from: caret - typed.length - 1, typed }
}

const fold = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()

/** Who may be meant, at most `limit`; a word of the name begins with what was typed. */
export const candidates = (people: readonly Person[], typed: string, limit = 5): Person[] => {
  const wanted = fold(typed)
  return people
    .filter(({ name }) => {
      const folded = fold(name)
      return folded.startsWith(wanted) || folded.split(/[\s._-]+/).some((word) => word.startsWith(wanted))
    })
    .slice(0, limit)
}

/** Of these people those that the text mentions. */
export const mentionedIn = (text: string, people: readonly Person[]): Person[] =>
  people.filter(({ name }) => text.includes(`@${name}`))

const escape = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)

/** The text in pieces; those that mention somebody have `isMention`. */
export const piecesOf = (
  text: string,
  mentions: readonly Person[],
): { readonly text: string; readonly isMention: boolean }[] => {
  const names = mentions.map(({ name }) => `@${name}`).sort((a, b) => b.length - a.length)
  if (names.length === 0) return [{ text, isMention: false }]
  const pattern = new RegExp(`(${names.map(escape).join('|')})`, 'u')
  return text
    .split(pattern)
    .map((piece, index) => ({ text: piece, isMention: index % 2 === 1 }))
    .filter((piece) => piece.text !== '')
}
