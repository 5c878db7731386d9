import { byId, h, icon } from '../dom.ts'
import { icons } from '../icons.ts'
import { stack } from './stack.ts'

interface Entry {
  readonly id: string
  readonly element: HTMLElement
  /** Position in the text; undefined for a thread whose text is gone. */
  readonly from: number | undefined
  readonly isActive: boolean
}

interface MarginContent {
  readonly entries: readonly Entry[]
  /** How many threads are resolved. */
  readonly resolved: number
  readonly showsResolved: boolean
  /** The top of a position of the text, in the viewport. */
  readonly topOf: (position: number) => number
}

const gap = 10

/** With less room the threads are in a sheet over the document, which the button of the header opens. */
const hasRoom = window.matchMedia('(width > 1180px)')

/** The column beside the document that holds the threads, each at the height of its text. */
export const createMargin = ({ toggleResolved }: { toggleResolved: () => void }) => {
  const button = byId('comments', HTMLButtonElement)
  const count = h('span', { class: 'badge', hidden: true })
  button.append(count)
  const close = h(
    'button',
    { type: 'button', class: 'tool dialog-close', 'aria-label': 'Close' },
    icon(icons.close),
  )
  const head = h('div', { class: 'dialog-head margin-head' }, h('h2', {}, 'Comments'), close)
  const list = h('div', { class: 'margin-list' })
  const nothing = h('p', { class: 'label margin-empty' }, 'Select text to comment on it.')
  const resolvedToggle = h('button', { type: 'button', class: 'button quiet margin-resolved', hidden: true })
  const element = h(
    'aside',
    { class: 'margin', 'aria-label': 'Comments' },
    head,
    nothing,
    list,
    resolvedToggle,
  )
  byId('sheet', HTMLElement).after(element)

  /** Undefined until somebody has decided: the column is there when there is something in it. */
  let wanted: boolean | undefined
  let content: MarginContent | undefined

  const isOpen = (): boolean => wanted ?? (hasRoom.matches && (content?.entries.length ?? 0) > 0)

  const layOut = (): void => {
    document.body.toggleAttribute('data-comments', isOpen())
    button.setAttribute('aria-expanded', String(isOpen()))
    if (!content || !isOpen()) return
    const elements = content.entries.map((entry) => entry.element)
    if (!hasRoom.matches) {
      for (const card of elements) card.style.top = ''
      list.style.height = ''
      return
    }
    const { top } = list.getBoundingClientRect()
    const items = content.entries.map(({ element: card, from }) => ({
      wanted: from === undefined ? 0 : (content?.topOf(from) ?? top) - top,
      height: card.offsetHeight,
    }))
    const fixed = Math.max(
      0,
      content.entries.findIndex(({ isActive }) => isActive),
    )
    const tops = stack(items, gap, fixed)
    tops.forEach((place, index) => ((elements[index] as HTMLElement).style.top = `${place}px`))
    const last = tops.length - 1
    list.style.height = last < 0 ? '' : `${(tops[last] ?? 0) + (items[last]?.height ?? 0)}px`
  }

  const setOpen = (open: boolean): void => {
    wanted = open
    layOut()
  }

  button.addEventListener('click', () => setOpen(!isOpen()))
  close.addEventListener('click', () => setOpen(false))
  resolvedToggle.addEventListener('click', toggleResolved)
  // A card grows while somebody writes in it.
  const observer = new ResizeObserver(layOut)
  hasRoom.addEventListener('change', layOut)

  return {
    /** Opens it, and shows the thread with this id. */
    open(id?: string): void {
      setOpen(true)
      const entry = content?.entries.find((candidate) => candidate.id === id)
      if (!hasRoom.matches) entry?.element.scrollIntoView({ block: 'nearest' })
    },
    show(next: MarginContent): void {
      const order = (from: number | undefined): number => from ?? -1
      content = { ...next, entries: next.entries.toSorted((a, b) => order(a.from) - order(b.from)) }
      const elements = content.entries.map((entry) => entry.element)
      const isSame =
        elements.length === list.children.length &&
        elements.every((card, index) => list.children[index] === card)
      if (!isSame) {
        // Moving an element takes the focus from what is in it.
        const focused = document.activeElement
        list.replaceChildren(...elements)
        if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true })
        observer.disconnect()
        for (const card of elements) observer.observe(card)
      }
      nothing.hidden = elements.length > 0
      resolvedToggle.hidden = next.resolved === 0
      resolvedToggle.textContent = next.showsResolved ? 'Hide resolved' : `Show ${next.resolved} resolved`
      const open = elements.filter((card) => !card.matches('.resolved, .draft')).length
      count.hidden = open === 0
      count.textContent = String(open)
      button.setAttribute('aria-label', open === 0 ? 'Comments' : `Comments: ${open} open`)
      layOut()
    },
  }
}
