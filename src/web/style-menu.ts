import type { Editor } from '@tiptap/core'
import { h, icon } from './dom.ts'
import { textStyles } from './formats.ts'
import { icons } from './icons.ts'
import { createMenu } from './menu.ts'
import { bindPopover } from './popover.ts'
import { shortcutText } from './shortcuts.ts'
import { setDisabled, type Tool } from './tool.ts'

/** The menu of paragraph styles: text and the headings. */
export const createStyleMenu = (editor: Editor): Tool => {
  const label = h('span', { class: 'style-name' })
  const button = h(
    'button',
    {
      type: 'button',
      class: 'tool tool-menu',
      tabindex: '-1',
      'aria-haspopup': 'menu',
      'data-tool': 'style',
      'data-tip': 'Paragraph style',
    },
    label,
    icon(icons.chevron),
  )
  const items = textStyles.map((style) =>
    h(
      'button',
      {
        type: 'button',
        class: `menu-item menu-${style.name}`,
        role: 'menuitemradio',
        'data-style': style.name,
      },
      h('span', {}, style.label),
      h('kbd', {}, shortcutText(style.shortcut)),
    ),
  )
  const menu = createMenu('Paragraph style', items)
  document.body.append(menu)
  editor.on('destroy', () => menu.remove())

  const current = () => textStyles.findIndex((style) => style.isActive(editor))
  bindPopover(button, menu, {
    beforeOpen() {
      const active = current()
      items.forEach((item, index) => item.toggleAttribute('autofocus', index === active))
    },
  })
  items.forEach((item, index) => {
    item.addEventListener('click', () => {
      menu.hidePopover()
      textStyles[index]?.run(editor)
    })
  })

  return {
    button,
    refresh() {
      const active = current()
      const name = textStyles[active]?.label ?? 'Heading'
      label.textContent = name
      button.setAttribute('aria-label', `Paragraph style: ${name}`)
      items.forEach((item, index) => item.setAttribute('aria-checked', String(index === active)))
      setDisabled(button, !editor.isEditable)
    },
  }
}
