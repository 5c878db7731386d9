import { expect, it } from 'vitest'
import { randomSeed, seededRandom } from '../../../test/helpers/random.ts'
import { differenceOf, patchOf } from './difference.ts'

it('names the words that changed, and whole lines that came or went', () => {
  const before = '# Plan\n\nThe quick brown fox.\n\nLast line.\n'
  const after = '# Plan\n\nThe slow brown fox.\n\nA new line.\n\nLast line.\n'
  expect(differenceOf(before, after)).toEqual([
    { kind: 'same', text: '# Plan\n\n' },
    { kind: 'same', text: 'The ' },
    { kind: 'deleted', text: 'quick' },
    { kind: 'inserted', text: 'slow' },
    { kind: 'same', text: ' brown fox.\n' },
    { kind: 'same', text: '\n' },
    { kind: 'inserted', text: 'A new line.\n\n' },
    { kind: 'same', text: 'Last line.\n' },
  ])
  expect(differenceOf(before, before)).toEqual([{ kind: 'same', text: before }])
  expect(differenceOf('', '')).toEqual([])
})

const seed = randomSeed()
it(`has both texts in its parts (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const words = ['a', 'bb', 'c c', '\n', '\n\n', 'ü', '👍', '']
  const textOf = (length: number): string =>
    Array.from({ length }, () => words[Math.floor(random() * words.length)]).join(' ')
  for (let run = 0; run < 200; run++) {
    const [before, after] = [textOf(random() * 60), textOf(random() * 60)]
    const changes = differenceOf(before, after)
    const without = (kind: string): string =>
      changes.flatMap((change) => (change.kind === kind ? [] : [change.text])).join('')
    expect(without('inserted')).toBe(before)
    expect(without('deleted')).toBe(after)
  }
})

it('is a patch, too', () => {
  const patch = patchOf({ title: 'first', text: 'a\nb\n' }, { title: 'second', text: 'a\nc\n' })
  expect(patch).toContain('--- first\n+++ second\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n')
})
