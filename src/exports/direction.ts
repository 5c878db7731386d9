import type { Direction } from './PrintDocument.ts'

const rightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]|\uD83B[\uDC00-\uDFFF]|\uD802[\uDC00-\uDFFF]/
const leftToRight = /\p{L}/u

/** Direction of a text by its first letter that has one (Unicode UAX #9, P2); `fallback` when none has. */
export const directionOf = (text: string, fallback: Direction): Direction => {
  for (const char of text) {
    if (rightToLeft.test(char)) return 'rtl'
    if (leftToRight.test(char)) return 'ltr'
  }
  return fallback
}

/** Splits a text into runs of letters that go one way; signs between them go with what is before. */
export const directionRuns = (text: string): { readonly text: string; readonly dir: Direction }[] => {
  if (!rightToLeft.test(text)) return [{ text, dir: 'ltr' }]
  const runs: { text: string; dir: Direction }[] = []
  for (const char of text) {
    const last = runs.at(-1)
    const dir = rightToLeft.test(char)
      ? 'rtl'
      : leftToRight.test(char) || /\p{N}/u.test(char)
        ? 'ltr'
        : last?.dir
    if (last && (dir === undefined || dir === last.dir)) last.text += char
    else runs.push({ text: char, dir: dir ?? 'ltr' })
  }
  return runs
}

/** The Chinese, Japanese or Korean script of a document: by its language, else by the letters that only one of them has. */
export const eastAsianScript = (language: string, text: string): 'sc' | 'tc' | 'jp' | 'kr' => {
  if (/^ja/i.test(language)) return 'jp'
  if (/^ko/i.test(language)) return 'kr'
  if (/^zh-(?:hant|tw|hk|mo)/i.test(language)) return 'tc'
  if (/^zh/i.test(language)) return 'sc'
  if (/[\u3041-\u30FF]/.test(text)) return 'jp'
  return /[\uAC00-\uD7AF]/.test(text) ? 'kr' : 'sc'
}
