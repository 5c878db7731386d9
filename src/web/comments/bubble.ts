import type { Editor } from '@tiptap/core'
import { h, icon } from '../dom.ts'
import { icons } from '../icons.ts'
import { ariaShortcut, shortcutText } from '../shortcuts.ts'

const shortcut = 'Mod-Alt-M'

/** The button beside a selection that begins a comment on it. */
export const createBubble = (canComment: () => boolean, comment: () => void) => {
  const button = h(
    'button',
    {
      type: 'button',
      class: 'button comment-bubble',
      'aria-keyshortcuts': ariaShortcut(shortcut),
      'data-tip': 'Comment on this text',
      'data-keys': shortcutText(shortcut),
      hidden: true,
    },
    icon(icons.comment),
    'Comment',
  )
  // The pointer must not take the selection away.
  button.addEventListener('mousedown', (event) => event.preventDefault())
  button.addEventListener('click', comment)
  document.body.append(button)

  let current: Editor | undefined

  const place = (): void => {
    const editor = current
    if (!editor) return
    const { from, to, empty } = editor.state.selection
    button.hidden = empty || !canComment() || editor.isDestroyed
    if (button.hidden) return
    const end = editor.view.coordsAtPos(to)
    const start = editor.view.coordsAtPos(from)
    const sheet = editor.view.dom.getBoundingClientRect()
    const { width, height } = button.getBoundingClientRect()
    const left = Math.min(Math.max(end.left, sheet.left), sheet.right - width)
    const isOneLine = start.top === end.top
    const top = isOneLine ? start.top - height - 6 : end.bottom + 6
    button.style.left = `${Math.max(8, left) + window.scrollX}px`
    button.style.top = `${Math.max(8, top) + window.scrollY}px`
  }

  return {
    /** Call it when what one may do has changed. */
    refresh: place,
    hide: () => (button.hidden = true),
    attach(editor: Editor): void {
      current = editor
      editor.on('selectionUpdate', place)
      editor.on('update', place)
      editor.on('destroy', () => (button.hidden = true))
      editor.view.dom.addEventListener('keydown', (event) => {
        if (event.code !== 'KeyM' || !event.altKey || !(event.ctrlKey || event.metaKey)) return
        event.preventDefault()
        comment()
      })
    },
  }
}
