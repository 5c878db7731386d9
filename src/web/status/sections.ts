import type { DeadLetterView, Status } from '../../rest/status-schema.ts'
import { h } from '../dom.ts'

export const section = (title: string, ...children: (Node | string)[]): HTMLElement =>
  h('section', { class: 'card', 'aria-label': title }, h('h2', {}, title), ...children)

export const table = (head: readonly string[], rows: readonly (readonly (Node | string)[])[]): HTMLElement =>
  h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...head.map((text) => h('th', { scope: 'col' }, text)))),
    h('tbody', {}, ...rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))))),
  )

export const nothing = (text: string): HTMLElement => h('p', { class: 'nothing' }, text)

export const ago = (time: string, now = Date.now()): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

export const chip = (state: string, text = state): HTMLElement =>
  h('span', { class: 'chip', 'data-state': state }, text)

const titles: Readonly<Record<string, string>> = {
  journal: 'Journal',
  objectStore: 'Object store',
  snapshots: 'Snapshots',
  database: 'Database',
  events: 'Event log',
  stores: 'Extensions',
  workers: 'Workers',
  redis: 'Redis',
  server: 'Server',
}

const span = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`
}

/** What a figure of a part means; others are not shown. */
const details: Readonly<Record<string, (value: number) => string>> = {
  pendingBytes: (bytes) => `${bytes} bytes not durable yet`,
  failing: (count) => `${count} fail`,
  corrupt: (count) => `${count} documents damaged`,
  oldestUnstoredMs: (ms) => `oldest edit without a snapshot: ${span(ms)}`,
  oldestUnpublishedMs: (ms) => `${span(ms)} behind`,
  away: (count) => `${count} away`,
  awayReplicas: (count) => `${count} replicas away`,
}

const detailsOf = (part: Status['health']['dependencies'][string]): string =>
  Object.entries(part)
    .map(([name, value]) => {
      if (name === 'error' || name === 'warning') return String(value)
      return typeof value === 'number' && value > 0 ? (details[name]?.(value) ?? '') : ''
    })
    .filter((text) => text !== '')
    .join(' · ')

export const dependencies = ({ health }: Status): HTMLElement =>
  section(
    'Parts',
    h(
      'ul',
      { class: 'parts' },
      ...Object.entries(health.dependencies).map(([name, part]) =>
        h(
          'li',
          {},
          h('strong', {}, titles[name] ?? name),
          chip(part.state),
          h('span', { class: 'detail' }, detailsOf(part)),
        ),
      ),
    ),
  )

export const busiest = (documents: Status['documents']['busiest']): HTMLElement =>
  section(
    'Busiest documents',
    documents.length === 0
      ? nothing('No document is open.')
      : table(
          ['Document', 'Connections'],
          documents.map(({ name, connections }) => [
            h('a', { href: `/?doc=${encodeURIComponent(name)}` }, name),
            String(connections),
          ]),
        ),
  )

export const events = ({ events: { lags, outbox, oldestUnpublishedMs } }: Status): HTMLElement =>
  section(
    'Events',
    h(
      'p',
      { class: 'summary' },
      `${outbox} in the outbox · edits are published ${span(oldestUnpublishedMs)} late`,
    ),
    lags.length === 0
      ? nothing('No worker has read anything yet.')
      : table(
          ['Group', 'Topic', 'Lag'],
          lags.map(({ group, topic, lag }) => [group, topic, String(lag)]),
        ),
  )

export const exports = (status: Status): HTMLElement =>
  section(
    'Exports',
    status.exports.length === 0
      ? nothing('Nobody has asked for one.')
      : table(
          ['Document', 'Format', 'State', 'Asked for'],
          status.exports.map(({ document, format, state, progress, createdAt }) => [
            document,
            format,
            chip(
              state === 'failed' ? 'unavailable' : state === 'done' ? 'ready' : 'degraded',
              state === 'running' ? `${progress} %` : state,
            ),
            ago(createdAt),
          ]),
        ),
  )

export const problems = (status: Status): HTMLElement =>
  section(
    'Warnings and errors',
    status.problems.length === 0
      ? nothing('None since the start.')
      : h(
          'ul',
          { class: 'log' },
          ...status.problems
            .slice(0, 12)
            .map(({ time, level, message, count }) =>
              h(
                'li',
                { 'data-level': level },
                h('time', { datetime: time }, ago(time)),
                h('span', {}, message),
                count > 1 ? h('span', { class: 'count' }, `× ${count}`) : '',
              ),
            ),
        ),
  )

export const deadLetters = (
  letters: readonly DeadLetterView[],
  retry: (ids: readonly string[]) => void,
): HTMLElement => {
  const button = (text: string, ids: readonly string[]): HTMLElement => {
    const element = h('button', { type: 'button', class: 'button quiet' }, text)
    element.addEventListener('click', () => {
      element.disabled = true
      retry(ids)
    })
    return element
  }
  if (letters.length === 0) return section('Dead letters', nothing('Workers could handle everything.'))
  return section(
    'Dead letters',
    table(
      ['What', 'Cause', 'When', ''],
      letters.map(({ id, type, group, cause, attempts, at }) => [
        h('span', {}, type ?? 'unreadable', h('span', { class: 'detail' }, ` ${group}`)),
        `${cause} (${attempts} attempts)`,
        ago(at),
        button('Retry', [id]),
      ]),
    ),
    button(
      'Retry all',
      letters.map(({ id }) => id),
    ),
  )
}

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly at: string
}

export const mailbox = (mails: readonly Mail[]): HTMLElement =>
  section(
    'Captured mail',
    mails.length === 0
      ? nothing('No mail was written; set SMTP_URL to send them.')
      : table(
          ['To', 'Subject', 'When'],
          mails.map(({ to, subject, at }) => [to, subject, ago(at)]),
        ),
  )
