import { expect, test } from 'vitest'
import { candidates, mentionAt, mentionedIn, piecesOf } from './mentions.ts'

const people = [
  { id: '1', name: 'Ada Lindqvist' },
  { id: '2', name: 'Zoë' },
  { id: '3', name: 'Ann (QA)' },
]

test('a mention begins with @ at the start of a word', () => {
  expect(mentionAt('Hi @ad', 6)).toEqual({ from: 3, typed: 'ad' })
  expect(mentionAt('@', 1)).toEqual({ from: 0, typed: '' })
  expect(mentionAt('@Ada Li', 7)).toEqual({ from: 0, typed: 'Ada Li' })
  expect(mentionAt('ada@example', 11)).toBeUndefined()
  expect(mentionAt('Hi @ad there', 3)).toBeUndefined()
})

test('people are found by any of their names, without accents', () => {
  const names = (typed: string) => candidates(people, typed).map(({ id }) => id)
  expect(names('')).toEqual(['1', '2', '3'])
  expect(names('lind')).toEqual(['1'])
  expect(names('zoe')).toEqual(['2'])
  expect(names('x')).toEqual([])
})

test('the text says who is mentioned, and where', () => {
  const text = 'Ask @Ann (QA) and @Zoë.'
  expect(mentionedIn(text, people).map(({ id }) => id)).toEqual(['2', '3'])
  expect(piecesOf(text, mentionedIn(text, people))).toEqual([
    { text: 'Ask ', isMention: false },
    { text: '@Ann (QA)', isMention: true },
    { text: ' and ', isMention: false },
    { text: '@Zoë', isMention: true },
    { text: '.', isMention: false },
  ])
  expect(piecesOf('plain', [])).toEqual([{ text: 'plain', isMention: false }])
})
