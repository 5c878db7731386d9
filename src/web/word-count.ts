import type { Editor } from '@tiptap/core'

/** Counting goes through the whole text, so it waits for a pause in typing. */
const pauseMs = 400

const words = new Intl.Segmenter(undefined, { granularity: 'word' })

/** The number of words of a text, in any language. */
export const countWords = (text: string): number => {
  let count = 0
  for (const { isWordLike } of words.segment(text)) if (isWordLike) count += 1
  return count
}

export const mountWordCount = (output: HTMLElement, editor: Editor): void => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = (): void => {
    const count = countWords(editor.getText())
    output.textContent = count === 0 ? '' : count === 1 ? '1 word' : `${count.toLocaleString()} words`
  }
  editor.on('update', () => {
    clearTimeout(timer)
    timer = setTimeout(show, pauseMs)
  })
  editor.on('destroy', () => clearTimeout(timer))
  show()
}
