import { h } from './dom.ts'

const delayMs = 450
/** Moving on to the next button within this time shows its tooltip at once. */
const warmMs = 400

/**
 * Shows the `data-tip` of the element under the pointer or the keyboard focus, with the shortcut of its
 * `data-keys`. It is decoration: the accessible name is on the element itself.
 */
export const installTooltips = (): void => {
  const label = h('span')
  const keys = h('kbd')
  const tip = h('div', { class: 'tooltip', popover: 'manual', 'aria-hidden': 'true' }, label, keys)
  document.body.append(tip)
  let timer: ReturnType<typeof setTimeout> | undefined
  let hiddenAt = Number.NEGATIVE_INFINITY

  const hide = (): void => {
    clearTimeout(timer)
    if (!tip.matches(':popover-open')) return
    tip.hidePopover()
    hiddenAt = performance.now()
  }

  const show = (target: HTMLElement): void => {
    if (!target.isConnected) return
    label.textContent = target.dataset['tip'] ?? ''
    keys.textContent = target.dataset['keys'] ?? ''
    keys.hidden = !keys.textContent
    tip.showPopover()
    const { left, top, bottom, width } = target.getBoundingClientRect()
    const size = tip.getBoundingClientRect()
    const wanted = left + width / 2 - size.width / 2
    tip.style.left = `${Math.max(8, Math.min(wanted, window.innerWidth - size.width - 8))}px`
    tip.style.top = `${bottom + 8 + size.height > window.innerHeight ? top - size.height - 8 : bottom + 8}px`
  }

  const schedule = (event: Event): void => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-tip]') : null
    if (!target || target.getAttribute('aria-expanded') === 'true') return
    clearTimeout(timer)
    const isWarm = performance.now() - hiddenAt < warmMs
    timer = setTimeout(() => show(target), isWarm ? 0 : delayMs)
  }

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse') schedule(event)
  })
  document.addEventListener('focusin', (event) => {
    if (event.target instanceof Element && event.target.matches(':focus-visible')) schedule(event)
  })
  for (const type of ['pointerout', 'pointerdown', 'focusout', 'keydown', 'scroll']) {
    document.addEventListener(type, hide, { capture: true, passive: true })
  }
}
