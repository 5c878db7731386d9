import { expect, test } from 'vitest'
import { stack } from './stack.ts'

const item = (wanted: number, height = 100) => ({ wanted, height })

test('items that have room stay where they belong', () => {
  expect(stack([item(0), item(200), item(500)], 10)).toEqual([0, 200, 500])
})

test('items that would overlap follow one another', () => {
  expect(stack([item(0), item(20), item(40), item(600)], 10)).toEqual([0, 110, 220, 600])
})

test('those above give way to the one that has its place', () => {
  expect(stack([item(300), item(320), item(340)], 10, 1)).toEqual([210, 320, 430])
})

test('nothing is no problem', () => {
  expect(stack([], 10)).toEqual([])
})
