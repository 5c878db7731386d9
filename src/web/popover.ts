/** Space between a popover, its button and the edge of the window, in CSS pixels. */
const gap = 8

const place = (popover: HTMLElement, anchor: DOMRect): void => {
  const { width, height } = popover.getBoundingClientRect()
  const left = Math.max(gap, Math.min(anchor.left, window.innerWidth - width - gap))
  const below = anchor.bottom + gap
  const above = anchor.top - gap - height
  const top = below + height + gap > window.innerHeight && above >= gap ? above : below
  popover.style.left = `${left}px`
  popover.style.top = `${Math.max(gap, top)}px`
}

interface PopoverOptions {
  /** What it opens beside; the button when absent. */
  anchor?: () => DOMRect
  /** Fills it, just before it opens. Its `autofocus` element then gets the focus. */
  beforeOpen?: () => void
}

/**
 * Lets a button toggle a `popover` element, which opens beside it. The browser closes it on Escape and on a click
 * elsewhere, gives the focus back and tells assistive technology whether it is open.
 */
export const bindPopover = (
  button: HTMLButtonElement,
  popover: HTMLElement,
  { anchor = () => button.getBoundingClientRect(), beforeOpen }: PopoverOptions = {},
): void => {
  popover.popover = 'auto'
  button.popoverTargetElement = popover
  popover.addEventListener('beforetoggle', (event) => {
    if (event.newState === 'open') beforeOpen?.()
  })
  popover.addEventListener('toggle', (event) => {
    const isOpen = event.newState === 'open'
    // The style sheet shows it only once it has its place.
    popover.toggleAttribute('data-placed', isOpen)
    if (isOpen) place(popover, anchor())
  })
  window.addEventListener('resize', () => popover.hidePopover())
}
