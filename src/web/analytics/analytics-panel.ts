import { messageOf, type Api } from '../api.ts'
import { h } from '../dom.ts'
import { openPanel } from '../panel.ts'
import { createUsageChart } from './usage-chart.ts'
import { figuresOf, nameOf, slotsOf, spans, type Analytics, type Slot, type Span } from './usage.ts'

/** The server counts what happens within seconds; an open panel follows. */
const refreshMs = 5_000

/** Opens the panel that shows how the document is used: edits and active editors by day or by hour. */
export const openAnalyticsPanel = (api: Api): void => {
  const hint = h('p', { class: 'field-hint', role: 'alert' })
  const figures = h('dl', { class: 'usage-figures' })
  const empty = h('p', { class: 'usage-empty' })
  const chart = createUsageChart()
  const table = h('table')
  const details = h('details', { class: 'usage-table' }, h('summary', {}, 'Show as a table'), table)
  const body = h('div', { class: 'usage', hidden: true }, figures, empty, chart.element, details)

  let [shown] = spans
  let analytics: Analytics | undefined

  const tabs = spans.map((span) => {
    const tab = h('button', { type: 'button', class: 'segment' }, span.name)
    tab.addEventListener('click', () => {
      shown = span
      render()
    })
    return tab
  })
  const choice = h('div', { class: 'segments', role: 'group', 'aria-label': 'Show the last' }, ...tabs)

  const render = (): void => {
    tabs.forEach((tab, index) => tab.setAttribute('aria-pressed', String(spans[index] === shown)))
    if (!analytics || !shown) return
    const slots = slotsOf(analytics, shown)
    const isEmpty = slots.every(({ edits }) => edits === 0)
    renew(
      figures,
      figuresOf(analytics, shown, slots).map(({ label, value }) =>
        h('div', {}, h('dt', { class: 'label' }, label), h('dd', {}, value)),
      ),
    )
    empty.textContent = `Nobody has edited in the last ${shown.name}. An edit is counted here a few seconds after it is made.`
    empty.hidden = !isEmpty
    chart.element.hidden = isEmpty
    details.hidden = isEmpty
    chart.show(slots, shown)
    renew(table, tableRows(slots, shown))
    body.hidden = false
  }

  const load = async (): Promise<void> => {
    try {
      analytics = await api.json<Analytics>('GET', api.path('/analytics?days=30'))
      renew(hint, [])
      render()
    } catch (error) {
      renew(hint, [document.createTextNode(messageOf(error))])
    }
  }

  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void load()
  }, refreshMs)
  openPanel({
    name: 'analytics',
    title: 'Activity',
    content: [choice, hint, body],
    onClose: () => clearInterval(timer),
  })
  render()
  void load()
}

/** Leaves alone what stays the same: a screen reader keeps its place in it, and does not repeat an alert. */
const renew = (element: HTMLElement, children: readonly Node[]): void => {
  const fresh = element.cloneNode(false) as HTMLElement
  fresh.append(...children)
  if (!fresh.isEqualNode(element)) element.replaceChildren(...fresh.childNodes)
}

const tableRows = (slots: readonly Slot[], span: Span): HTMLElement[] => {
  const head = [span.unit === 'day' ? 'Day (UTC)' : 'Hour', 'Edits', 'Editors', 'Inserted', 'Deleted']
  const rows = slots
    .filter(({ edits }) => edits > 0)
    .toReversed()
    .map((slot) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, nameOf(slot, span)),
        ...[slot.edits, slot.editors, slot.inserted, slot.deleted].map((count) =>
          h('td', {}, count.toLocaleString()),
        ),
      ),
    )
  return [
    h('caption', {}, `Edits of the last ${span.name}, the newest first`),
    h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, ...rows),
  ]
}
