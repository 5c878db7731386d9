import { expect, it } from 'vitest'
import { Delta, normal } from '../ot/delta.ts'
import { compose, transform, transformPosition, type Op, type Ops } from './delta.ts'

/** The server uses quill-delta, the client its own few lines: they must say the same, or documents drift apart. */
const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const random = seeded(20_26)
const below = (end: number): number => Math.floor(random() * end)
const attributes = () => (random() < 0.3 ? { [below(2) ? 'b' : 'c']: [true, 1, null][below(3)] } : undefined)
const insert = (): Op => {
  const given = attributes()
  const value = random() < 0.2 ? { image: `${below(3)}` } : 'abc def'.slice(below(4), 4 + below(3))
  return { insert: value, ...(given && Object.values(given)[0] !== null && { attributes: given }) }
}

const content = (): Op[] => normal(Array.from({ length: 1 + below(5) }, insert)).ops as Op[]

const change = (base: Ops): Ops => {
  let left = new Delta(base as never).length()
  const ops: Op[] = []
  while (left > 0 && random() < 0.8) {
    const length = 1 + below(left)
    const kind = random()
    if (kind < 0.4) ops.push(insert())
    if (kind < 0.6) ops.push({ delete: length })
    else ops.push({ retain: length, ...(random() < 0.5 && { attributes: attributes() ?? { b: true } }) })
    left -= length
  }
  if (random() < 0.5) ops.push(insert())
  return normal(ops).ops as Ops
}

const quill = (ops: Ops) => new Delta(ops as never)

it('composes and transforms as quill-delta does', () => {
  for (let i = 0; i < 5_000; i++) {
    const base = content()
    const a = change(base)
    const b = change(base)
    const later = change(compose(base, a))
    const first = i % 2 === 0
    const at = below(10)
    expect(compose(base, a)).toEqual(quill(base).compose(quill(a)).ops)
    expect(compose(a, later)).toEqual(quill(a).compose(quill(later)).ops)
    expect(transform(a, b, first)).toEqual(quill(a).transform(quill(b), first).chop().ops)
    expect(transformPosition(a, at, !first)).toBe(quill(a).transformPosition(at, first))
  }
})
