import { byId } from './dom.ts'
import type { Problem } from './problem.ts'

/** Says why the server refuses: in place of the document, or above it when its text is here and may stay. */
export const mountNotice = (retry: () => void): ((problem: Problem | undefined, loaded: boolean) => void) => {
  const notice = byId('notice', HTMLElement)
  const title = byId('notice-title', HTMLElement)
  const text = byId('notice-text', HTMLElement)
  const code = byId('notice-code', HTMLElement)
  byId('notice-retry', HTMLButtonElement).addEventListener('click', retry)

  return (problem, loaded) => {
    const visible = problem && !problem.passing ? problem : undefined
    document.body.toggleAttribute('data-blocked', !!visible && (visible.blocking || !loaded))
    notice.hidden = !visible
    if (!visible) return
    title.textContent = visible.title
    text.textContent = visible.text
    code.textContent = visible.code ?? ''
    code.hidden = !visible.code
  }
}
