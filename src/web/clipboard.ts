/** Copies text; works on plain http too, where the asynchronous clipboard is missing. */
export const copyText = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copyBySelection(text)
  }
}

const copyBySelection = (text: string): boolean => {
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.style.cssText = 'position: fixed; opacity: 0'
  document.body.append(area)
  area.select()
  const copied = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}

const feedbackMs = 1_800

/** Makes a button copy a text, and say so for a moment. */
export const bindCopy = (button: HTMLButtonElement, text: () => string): void => {
  const label = button.querySelector<HTMLElement>('[data-label]') ?? button
  const idle = label.textContent
  let timer: ReturnType<typeof setTimeout> | undefined
  const copy = async (): Promise<void> => {
    const copied = await copyText(text())
    label.textContent = copied ? 'Copied' : 'Not copied'
    button.toggleAttribute('data-done', copied)
    clearTimeout(timer)
    timer = setTimeout(() => {
      label.textContent = idle
      button.removeAttribute('data-done')
    }, feedbackMs)
  }
  button.addEventListener('click', () => void copy())
}
