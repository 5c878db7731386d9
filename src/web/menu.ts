import { h } from './dom.ts'

/** Lets the arrow keys move through the items of a menu that are shown (WAI-ARIA menu pattern). */
export const bindMenuKeys = (menu: HTMLElement): void => {
  menu.addEventListener('keydown', (event) => {
    const items = [...menu.querySelectorAll<HTMLElement>('[role^="menuitem"]:not([hidden])')]
    const at = items.findIndex((item) => item === document.activeElement)
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Tab') menu.hidePopover()
    if (step === undefined) return
    event.preventDefault()
    items[(at + step + items.length) % items.length]?.focus()
  })
}

/** A popover that is a menu of commands. */
export const createMenu = (label: string, items: readonly HTMLElement[]): HTMLElement => {
  const menu = h('div', { class: 'popover menu', role: 'menu', 'aria-label': label }, ...items)
  bindMenuKeys(menu)
  return menu
}
