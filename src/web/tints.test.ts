import { expect, test } from 'vitest'
import { tintOf, tintRegistry, tints } from './tints.ts'

const luminance = (hex: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

test.each(tints)('white text is legible on %s', (tint) => {
  expect(1.05 / (luminance(tint) + 0.05)).toBeGreaterThanOrEqual(4.5)
})

test('people who are here differ in colour as long as there are colours, and keep theirs', () => {
  const tint = tintRegistry()
  const ids = tints.map((_, index) => `user-${index}`)
  const given = ids.map(tint)
  expect(new Set(given).size).toBe(tints.length)
  expect(ids.map(tint)).toEqual(given)
  expect(tints).toContain(tint('one more'))
})

test('the first person gets the colour of the own id', () => {
  expect(tintRegistry()('ada')).toBe(tintOf('ada'))
})
