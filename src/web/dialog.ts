import { h, icon } from './dom.ts'
import { icons } from './icons.ts'

interface DialogOptions {
  /** Class, and part of the ids. */
  readonly name: string
  readonly title: string
  readonly content: readonly (Node | string)[]
}

/** Opens a modal dialog; it is gone once it is closed: by its button, Escape or a click beside it. */
export const openDialog = ({ name, title, content }: DialogOptions): HTMLDialogElement => {
  const close = h(
    'button',
    { type: 'button', class: 'tool dialog-close', 'aria-label': 'Close' },
    icon(icons.close),
  )
  const dialog = h(
    'dialog',
    { class: `dialog ${name}`, 'aria-labelledby': `${name}-dialog-title` },
    h('div', { class: 'dialog-head' }, h('h2', { id: `${name}-dialog-title` }, title), close),
    ...content,
  )
  close.addEventListener('click', () => dialog.close())
  // The backdrop is a part of the dialog element, its content is not.
  dialog.addEventListener('mousedown', (event) => {
    if (event.target !== dialog) return
    const { left, right, top, bottom } = dialog.getBoundingClientRect()
    const { clientX: x, clientY: y } = event
    if (x < left || x > right || y < top || y > bottom) dialog.close()
  })
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}
