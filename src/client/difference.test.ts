import { expect, it } from 'vitest'
import { Delta } from '../ot/delta.ts'
import { compose, textOf, transform, type Op, type Ops } from './delta.ts'
import { difference } from './difference.ts'
import { seededRandom } from '../../test/helpers/random.ts'

const text = (insert: string): Ops => (insert === '' ? [] : [{ insert }])

it('leads from one content to another, attributes and embeds included', () => {
  const random = seededRandom(20_26)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const content = (): Ops => {
    const delta = new Delta()
    for (let i = 0; i < 6; i += 1)
      delta.insert(
        pick(['a', 'b', 'ab', '\u{1F600}', '\n', { image: 'x' }]),
        pick([undefined, { bold: true }]),
      )
    return delta.ops as Op[]
  }
  for (let i = 0; i < 3_000; i += 1) {
    const from = content()
    const to = content()
    expect(compose(from, difference(from, to))).toEqual(to)
  }
})

it('never cuts a character in two', () => {
  expect(difference(text('\u{1F600}'), text('\u{1F601}'))).toEqual([{ insert: '\u{1F601}' }, { delete: 2 }])
})

it('leaves all that has stayed where it is, so that what was written offline stays between the same words', () => {
  const before = 'The <a> and the <b>.'
  const after = 'Now: the <a><x> and the <b>!'
  const mine: Ops = [{ retain: before.indexOf('<b>') }, { insert: 'red ' }]
  const moved = transform(difference(text(before), text(after)), mine, true)
  expect(textOf(compose(text(after), moved))).toBe('Now: the <a><x> and the red <b>!')
})

it('counts contents that have little in common as replaced', () => {
  const [from, to] = ['x'.repeat(3_000), 'y'.repeat(3_000)]
  expect(difference(text(`a${from}`), text(`a${to}`))).toEqual([
    { retain: 1 },
    { insert: to },
    { delete: 3_000 },
  ])
})
