import type { ChainedCommands, Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { createMenu } from './menu.ts'
import { bindPopover } from './popover.ts'
import { setDisabled, toolButton, type Tool } from './tool.ts'

interface TableCommand {
  readonly label: string
  /** Begins a part of the menu. */
  readonly isFirst?: boolean
  readonly on: (chain: ChainedCommands) => ChainedCommands
}

const commands: readonly TableCommand[] = [
  {
    label: 'Insert table',
    on: (chain) => chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }),
  },
  { label: 'Row above', on: (chain) => chain.addRowBefore() },
  { label: 'Row below', on: (chain) => chain.addRowAfter() },
  { label: 'Delete row', on: (chain) => chain.deleteRow() },
  { label: 'Column to the left', isFirst: true, on: (chain) => chain.addColumnBefore() },
  { label: 'Column to the right', on: (chain) => chain.addColumnAfter() },
  { label: 'Delete column', on: (chain) => chain.deleteColumn() },
  { label: 'Merge cells', isFirst: true, on: (chain) => chain.mergeCells() },
  { label: 'Split cell', on: (chain) => chain.splitCell() },
  { label: 'Header row', on: (chain) => chain.toggleHeaderRow() },
  { label: 'Delete table', isFirst: true, on: (chain) => chain.deleteTable() },
]

/** The menu of tables: outside of a table it inserts one, inside it changes the one around the caret. */
export const createTableTool = (editor: Editor): Tool => {
  const button = toolButton({ name: 'table', label: 'Table', icon: 'table' })
  button.setAttribute('aria-haspopup', 'menu')
  const items = commands.map(({ label, isFirst }) =>
    h(
      'button',
      { type: 'button', class: isFirst ? 'menu-item menu-part' : 'menu-item', role: 'menuitem' },
      label,
    ),
  )
  const menu = createMenu('Table', items)
  document.body.append(menu)
  editor.on('destroy', () => menu.remove())

  bindPopover(button, menu, {
    beforeOpen() {
      const isInside = editor.isActive('table')
      let focused = false
      items.forEach((item, index) => {
        const command = commands[index]
        item.hidden = !command || (index === 0 ? isInside : !command.on(editor.can().chain()).run())
        item.toggleAttribute('autofocus', !item.hidden && !focused)
        focused ||= !item.hidden
      })
    },
  })
  items.forEach((item, index) => {
    item.addEventListener('click', () => {
      menu.hidePopover()
      commands[index]?.on(editor.chain().focus()).run()
    })
  })

  return {
    button,
    refresh() {
      const isInside = editor.isActive('table')
      button.setAttribute('aria-pressed', String(isInside))
      setDisabled(
        button,
        !editor.isEditable || (!isInside && !editor.can().insertTable({ rows: 1, cols: 1 })),
      )
    },
  }
}
