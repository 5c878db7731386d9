import { createTwoFilesPatch, diffLines, diffWordsWithSpace, type Change as Part } from 'diff'

/** A part of two texts, in their order. */
export interface Change {
  readonly kind: 'same' | 'inserted' | 'deleted'
  readonly text: string
}

/** Past this a difference is stated as a whole rather than searched for the smallest, ms. */
const timeoutMs = 1_000

/**
 * How `before` becomes `after`: by words within lines that have changed, by whole lines elsewhere. The parts that are the
 * same or deleted make up `before`, those that are the same or inserted make up `after`.
 */
export const differenceOf = (before: string, after: string): Change[] => {
  const lines = diffLines(before, after, { timeout: timeoutMs }) ?? [deleted(before), inserted(after)]
  const changes: Change[] = []
  for (let i = 0; i < lines.length; i++) {
    const [part, next] = [lines[i], lines[i + 1]]
    if (!part) continue
    if (part.removed && next?.added) {
      const words = diffWordsWithSpace(part.value, next.value, { timeout: timeoutMs })
      changes.push(...(words ?? [part, next]).map(changeOf))
      i += 1
    } else changes.push(changeOf(part))
  }
  return changes.filter(({ text }) => text !== '')
}

/** As a unified patch, the form of `diff -u`. */
export const patchOf = (
  before: { readonly title: string; readonly text: string },
  after: { readonly title: string; readonly text: string },
): string =>
  createTwoFilesPatch(before.title, after.title, before.text, after.text, undefined, undefined, {
    context: 3,
    timeout: timeoutMs,
  }) ?? `--- ${before.title}\n+++ ${after.title}\n`

const deleted = (value: string): Part => ({ value, removed: true, added: false, count: 1 })
const inserted = (value: string): Part => ({ value, removed: false, added: true, count: 1 })

const changeOf = ({ value, added, removed }: Part): Change => ({
  kind: added ? 'inserted' : removed ? 'deleted' : 'same',
  text: value,
})
