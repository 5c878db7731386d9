import { h } from '../dom.ts'
import { counted, largest, nameOf, type Slot, type Span } from './usage.ts'

const svg = 'http://www.w3.org/2000/svg'

/** Units of the drawing, which is stretched to its place: a slot is 10 wide, the largest bar `height` tall. */
const [slotWidth, barWidth, height, least] = [10, 7, 100, 4]

const series = [
  { name: 'edits', title: 'Edits' },
  { name: 'editors', title: 'Active editors' },
] as const

export interface UsageChart {
  readonly element: HTMLElement
  show(slots: readonly Slot[], span: Span): void
}

/**
 * Bars of edits and editors, one below the other, and what they say of one slot: that below the pointer, or that
 * which the arrow keys have come to.
 */
export const createUsageChart = (): UsageChart => {
  const readout = h('p', { class: 'usage-readout', 'aria-hidden': 'true' })
  const plot = h('div', { class: 'usage-plot', role: 'slider', tabindex: '0', 'aria-valuemin': '1' })
  const axis = h('p', { class: 'usage-axis label' })
  const element = h('div', { class: 'usage-chart' }, readout, plot, axis)

  let slots: readonly Slot[] = []
  let span: Span | undefined
  let at = 0

  const select = (index: number): void => {
    at = Math.max(0, Math.min(index, slots.length - 1))
    const slot = slots[at]
    if (!slot || !span) return
    const numbers = `${counted(slot.edits, 'edit')}, ${counted(slot.editors, 'editor')}`
    plot.style.setProperty('--at', String(at))
    plot.setAttribute('aria-valuenow', String(at + 1))
    plot.setAttribute('aria-valuetext', `${nameOf(slot, span)}: ${numbers}`)
    readout.replaceChildren(h('strong', {}, nameOf(slot, span)), numbers)
  }

  plot.addEventListener('keydown', (event) => {
    const target = {
      ArrowLeft: at - 1,
      ArrowDown: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      Home: 0,
      End: slots.length - 1,
    }[event.key]
    if (target === undefined) return
    event.preventDefault()
    select(target)
  })
  const point = (event: PointerEvent): void => {
    const { left, width } = plot.getBoundingClientRect()
    select(Math.floor(((event.clientX - left) / width) * slots.length))
  }
  plot.addEventListener('pointermove', point)
  plot.addEventListener('pointerdown', point)

  return {
    element,
    show(shown, shownSpan) {
      const isOther = span !== shownSpan
      slots = shown
      span = shownSpan
      plot.style.setProperty('--slots', String(slots.length))
      plot.setAttribute('aria-valuemax', String(slots.length))
      plot.setAttribute('aria-label', `Edits and active editors by ${span.unit}`)
      plot.replaceChildren(...series.map(({ name, title }) => bars(slots, name, title)))
      axis.replaceChildren(
        ...[slots[0], slots.at(-1)].map((slot) => h('span', {}, slot ? nameOf(slot, shownSpan) : '')),
      )
      select(isOther ? slots.length - 1 : at)
    },
  }
}

const bars = (slots: readonly Slot[], name: 'edits' | 'editors', title: string): HTMLElement => {
  const most = largest(slots, name)
  const root = document.createElementNS(svg, 'svg')
  root.setAttribute('viewBox', `0 0 ${slots.length * slotWidth} ${height}`)
  root.setAttribute('preserveAspectRatio', 'none')
  slots.forEach((slot, index) => {
    if (slot[name] === 0) return
    const bar = document.createElementNS(svg, 'rect')
    // The smallest bar is still seen beside the largest.
    const tall = Math.max(least, (slot[name] / most) * height)
    bar.setAttribute('x', String(index * slotWidth + (slotWidth - barWidth) / 2))
    bar.setAttribute('y', String(height - tall))
    bar.setAttribute('width', String(barWidth))
    bar.setAttribute('height', String(tall))
    root.append(bar)
  })
  return h(
    'div',
    { class: `usage-bars ${name}` },
    h('span', { class: 'label' }, h('span', {}, title), h('span', {}, `up to ${most.toLocaleString()}`)),
    root,
  )
}
