import { CodraftError } from '../../../../extensions/errors.ts'

/** @throws {CodraftError} CODRAFT_EDIT_INVALID unless there is exactly one place */
export const onlyPlace = (places: readonly number[], what: 'heading' | 'text'): number => {
  const [place, ...others] = places
  if (place === undefined) throw invalid(`the document has no such ${what}`)
  if (others.length > 0)
    throw invalid(`the document has this ${what} ${places.length} times, name more of it`)
  return place
}

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_EDIT_INVALID', detail)

/** Where `text` holds `wanted`. */
export const placesOf = (text: string, wanted: string): number[] => {
  const places: number[] = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) places.push(at)
  return places
}

/** @throws {CodraftError} CODRAFT_EDIT_INVALID when `text` does not hold `find` exactly once */
export const replaceOnly = (text: string, find: string, replace: string): string => {
  const at = onlyPlace(placesOf(text, find), 'text')
  return text.slice(0, at) + replace + text.slice(at + find.length)
}

export interface Heading {
  readonly title: string
  /** 1 to 6. */
  readonly level: number
  readonly at: number
}

/**
 * Where the section of a heading ends: at the next heading that is not below it, else at `end`.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID
 */
export const endOfSection = (headings: readonly Heading[], wanted: string, end: number): number => {
  const matching = headings.flatMap(({ title }, index) => (title.trim() === wanted.trim() ? [index] : []))
  const index = onlyPlace(matching, 'heading')
  const { level } = headings[index] as Heading
  return headings.slice(index + 1).find((next) => next.level <= level)?.at ?? end
}
