import { h, icon } from './dom.ts'
import { icons } from './icons.ts'

interface PanelOptions {
  /** Class of the panel, and the value of `data-panel` on the body while it is open. */
  readonly name: string
  readonly title: string
  readonly content: readonly Node[]
  readonly onClose?: () => void
}

export interface Panel {
  readonly element: HTMLElement
  close(): void
}

let current: Panel | undefined

/** Opens a panel at the side of the document, in place of the one that is open; it lies over narrow screens. */
export const openPanel = ({ name, title, content, onClose }: PanelOptions): Panel => {
  current?.close()
  const button = h(
    'button',
    { type: 'button', class: 'tool dialog-close', 'aria-label': 'Close' },
    icon(icons.close),
  )
  const heading = h('h2', { tabindex: '-1' }, title)
  const element = h(
    'aside',
    { class: `panel ${name}`, 'aria-label': title },
    h('div', { class: 'dialog-head' }, heading, button),
    ...content,
  )
  const opener = document.activeElement
  const panel: Panel = {
    element,
    close() {
      if (current === panel) current = undefined
      element.remove()
      document.body.removeAttribute('data-panel')
      onClose?.()
      if (opener instanceof HTMLElement) opener.focus()
    },
  }
  button.addEventListener('click', () => panel.close())
  element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') panel.close()
  })
  document.body.append(element)
  document.body.dataset['panel'] = name
  heading.focus()
  current = panel
  return panel
}
