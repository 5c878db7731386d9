import type { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { createColorTool } from './color-tool.ts'
import { blocks, history, marks, type Format } from './formats.ts'
import { createImageTool } from './image-tool.ts'
import { createLinkTool } from './link-tool.ts'
import { createStyleMenu } from './style-menu.ts'
import { createTableTool } from './table-tool.ts'
import { setDisabled, toolButton, type Tool } from './tool.ts'

const formatTool = (editor: Editor, format: Format): Tool => {
  const button = toolButton(format)
  button.addEventListener('click', () => format.run(editor))
  return {
    button,
    refresh() {
      if (format.isActive) button.setAttribute('aria-pressed', String(format.isActive(editor)))
      setDisabled(button, !editor.isEditable || format.isEnabled?.(editor) === false)
    },
  }
}

/** Fills the formatting bar and keeps it in step with the selection. A bar that served another editor is replaced. */
export const mountToolbar = (former: HTMLElement, editor: Editor): void => {
  const bar = former.cloneNode(false) as HTMLElement
  former.replaceWith(bar)
  const formats = (list: Format[]): Tool[] => list.map((format) => formatTool(editor, format))
  const groups: Tool[][] = [
    [createStyleMenu(editor)],
    [...formats(marks), createColorTool(editor), createLinkTool(editor)],
    formats(blocks),
    [createImageTool(editor), createTableTool(editor)],
    formats(history),
  ]
  for (const group of groups) {
    bar.append(h('div', { class: 'tool-group', role: 'group' }, ...group.map((tool) => tool.button)))
  }
  const tools = groups.flat()

  // A disabled tool stays focusable, so its click has to be stopped before it reaches the tool.
  bar.addEventListener(
    'click',
    (event) => {
      const target = event.target instanceof Element && event.target.closest('[aria-disabled="true"]')
      if (!target) return
      event.preventDefault()
      event.stopPropagation()
    },
    { capture: true },
  )
  // The pointer must not take the focus, and so the selection, from the text.
  bar.addEventListener('mousedown', (event) => event.preventDefault())

  let scheduled = false
  const refresh = (): void => {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() => {
      scheduled = false
      if (!editor.isDestroyed) for (const tool of tools) tool.refresh()
    })
  }
  editor.on('transaction', refresh)
  editor.on('update', refresh)
  for (const tool of tools) tool.refresh()

  roveFocus(
    bar,
    tools.map(({ button }) => button),
  )
  showScrollEdges(bar)
}

/** One tab stop for the bar; the arrow keys move within it (WAI-ARIA toolbar pattern). */
const roveFocus = (bar: HTMLElement, buttons: HTMLButtonElement[]): void => {
  const focus = (button: HTMLButtonElement | undefined): void => {
    if (!button) return
    for (const other of buttons) other.tabIndex = other === button ? 0 : -1
    button.focus()
  }
  buttons[0]?.setAttribute('tabindex', '0')
  bar.addEventListener('keydown', (event) => {
    const current = buttons.findIndex((button) => button === document.activeElement)
    if (current < 0) return
    const last = buttons.length - 1
    const targets: Record<string, number> = {
      ArrowRight: current === last ? 0 : current + 1,
      ArrowLeft: current === 0 ? last : current - 1,
      Home: 0,
      End: last,
    }
    const target = targets[event.key]
    if (target === undefined) return
    event.preventDefault()
    focus(buttons[target])
  })
}

/** Marks the sides on which the bar can be scrolled, for the style sheet to fade them. */
const showScrollEdges = (bar: HTMLElement): void => {
  const update = (): void => {
    const rest = bar.scrollWidth - bar.clientWidth - bar.scrollLeft
    bar.toggleAttribute('data-more-left', bar.scrollLeft > 2)
    bar.toggleAttribute('data-more-right', rest > 2)
  }
  bar.addEventListener('scroll', update, { passive: true })
  new ResizeObserver(update).observe(bar)
}
