import type { Status } from '../../rest/status-schema.ts'
import { h } from '../dom.ts'
import { ago, chip, section, table } from './sections.ts'

type Fleet = NonNullable<Status['fleet']>

const shownDocuments = 8

/** Those that count: a dead one has no connections any more. */
const present = (fleet: Fleet) =>
  fleet.flatMap(({ state, summary }) => (state === 'gone' || !summary ? [] : [summary]))

/** Connections to all instances. */
export const connectionsOf = ({ fleet, connections }: Status): { open: number; limit: number } => {
  if (!fleet) return connections
  const all = present(fleet).map(({ connections }) => connections)
  const sum = (read: (each: (typeof all)[number]) => number): number =>
    all.reduce((total, each) => total + read(each), 0)
  return { open: sum(({ open }) => open), limit: sum(({ limit }) => limit) }
}

/** Documents with the most connections to all instances. */
export const busiestOf = ({ fleet, documents }: Status): Status['documents']['busiest'] => {
  if (!fleet) return documents.busiest
  const counts = new Map<string, number>()
  for (const { name, connections } of present(fleet).flatMap(({ documents }) => documents.busiest))
    counts.set(name, (counts.get(name) ?? 0) + connections)
  return Array.from(counts, ([name, connections]) => ({ name, connections }))
    .sort((a, b) => b.connections - a.connections)
    .slice(0, shownDocuments)
}

/** The instances, one a row. */
export const instances = (fleet: Fleet, answering: string | undefined): HTMLElement => {
  const isCutOff = fleet.some(({ state }) => state === 'unknown')
  const rows = fleet.map(({ instance, state, seenAt, summary }) => [
    h('span', {}, instance, instance === answering ? h('span', { class: 'detail' }, ' answers') : ''),
    chip(state),
    // What a dead one had open is open elsewhere by now.
    ...(summary && state !== 'gone'
      ? [summary.connections.open.toLocaleString('en'), summary.documents.open.toLocaleString('en')]
      : ['–', '–']),
    summary?.version ?? '–',
    summary ? ago(summary.startedAt) : '–',
    ago(seenAt),
  ])
  const head = ['Instance', 'State', 'Connections', 'Documents', 'Version', 'Started', 'Last seen']
  const card = section(
    'Instances',
    ...(isCutOff
      ? [
          h(
            'p',
            { class: 'warning' },
            'Redis cannot be reached: the others are shown as they were last seen.',
          ),
        ]
      : []),
    table(head, rows),
  )
  card.classList.add('wide')
  return card
}
