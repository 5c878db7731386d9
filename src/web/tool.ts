import { h, icon } from './dom.ts'
import type { Format } from './formats.ts'
import { icons } from './icons.ts'
import { ariaShortcut, shortcutText } from './shortcuts.ts'

/** A part of the formatting bar. `refresh` follows the selection. */
export interface Tool {
  readonly button: HTMLButtonElement
  refresh(): void
}

/** A square button of the bar with an icon, an accessible name and a tooltip. */
export const toolButton = (format: Pick<Format, 'name' | 'label' | 'icon' | 'shortcut'>): HTMLButtonElement =>
  h(
    'button',
    {
      type: 'button',
      class: 'tool',
      tabindex: '-1',
      'aria-label': format.label,
      'aria-keyshortcuts': format.shortcut && ariaShortcut(format.shortcut),
      'data-tool': format.name,
      'data-tip': format.label,
      'data-keys': format.shortcut && shortcutText(format.shortcut),
    },
    icon(icons[format.icon]),
  )

/** Keeps the button focusable, so that the focus is not lost when the last step has been undone. */
export const setDisabled = (button: HTMLButtonElement, disabled: boolean): void => {
  button.setAttribute('aria-disabled', String(disabled))
}
