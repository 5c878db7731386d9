// The page of those who operate the server: asks it every two seconds and shows what it says.
import type { DeadLetterView, Status } from '../../rest/status-schema.ts'
import { ApiError, createApi } from '../api.ts'
import { byId, h } from '../dom.ts'
import { availableStorage, loadGuest, saveGuest } from '../guest.ts'
import { guestTokens, type TokenSource } from '../tokens.ts'
import { sparkline } from './chart.ts'
import { ratesBetween } from './figures.ts'
import { busiestOf, connectionsOf, instances } from './fleet.ts'
import * as sections from './sections.ts'

const pollMs = 2_000
/** Values in a chart. */
const kept = 60
const tokenKey = 'codraft.operator'

const state = byId('state', HTMLElement)
const instance = byId('instance', HTMLElement)
const main = byId('status', HTMLElement)

const storage = availableStorage('sessionStorage')
const local = availableStorage('localStorage')

/** The token of `#token=…` or of the form, else that of a guest. */
const tokenSource = (): TokenSource => {
  const fromAddress = new URLSearchParams(location.hash.slice(1)).get('token')
  if (fromAddress) {
    storage?.setItem(tokenKey, fromAddress)
    history.replaceState(null, '', location.pathname)
  }
  const token = fromAddress ?? storage?.getItem(tokenKey)
  if (!token) return guestTokens(loadGuest(local), (guest) => saveGuest(local, guest))
  return {
    identity: { id: 'operator', name: 'Operator' },
    renamable: false,
    get: () => Promise.resolve(token),
    renew: () => false,
  }
}

let api = createApi(tokenSource(), '')

interface Point {
  readonly connections: number
  readonly edits: number | undefined
  readonly latency: number | undefined
}

let points: Point[] = []
let last: { readonly status: Status; readonly at: number } | undefined

const remember = (status: Status): void => {
  const at = performance.now()
  const rates = last && ratesBetween(last.status, status, (at - last.at) / 1000)
  last = { status, at }
  points = [
    ...points,
    { connections: connectionsOf(status).open, edits: rates?.editsPerSecond, latency: rates?.latencyMs },
  ].slice(-kept)
}

const figure = (
  title: string,
  text: string,
  unit: string,
  read: (point: Point) => number | undefined,
): HTMLElement =>
  h(
    'section',
    { class: 'card figure', 'aria-label': title },
    h('h2', {}, title),
    h('p', { class: 'value' }, text, h('span', {}, unit)),
    sparkline(points.map(read), kept),
  )

const rounded = (value: number | undefined): string => {
  if (value === undefined) return '–'
  return value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1)
}

const words: Readonly<Record<string, string>> = {
  ready: 'All is well',
  degraded: 'Something does not work as it should',
  unavailable: 'Edits cannot be saved',
}
const survives: Readonly<Record<string, string>> = {
  memory: 'Saved edits survive nothing',
  process: 'Saved edits survive kill -9',
  disk: 'Saved edits survive power loss',
  replicated: 'Saved edits survive the loss of a machine',
}

const show = (
  status: Status,
  letters: readonly DeadLetterView[],
  mails: readonly sections.Mail[] | undefined,
): void => {
  const { health, fleet } = status
  const connections = connectionsOf(status)
  // One of several tells the rates of itself alone.
  const here = fleet ? ', here' : ''
  state.dataset['state'] = health.state
  state.textContent = words[health.state] ?? health.state
  const name = status.instance === undefined ? '' : `${status.instance}, one of ${status.instances} · `
  instance.textContent = `${name}codraft ${status.version} · started ${sections.ago(status.startedAt)}`
  const { edits, latency } = points.at(-1) ?? {}
  main.replaceChildren(
    figure(
      'Connections',
      connections.open.toLocaleString('en'),
      `of ${connections.limit.toLocaleString('en')}`,
      (point) => point.connections,
    ),
    figure('Edits', rounded(edits), `a second${here}`, (point) => point.edits),
    figure('Latency to other readers', rounded(latency), `ms, p99${here}`, (point) => point.latency),
    h(
      'section',
      { class: 'card figure', 'aria-label': 'Durability' },
      h('h2', {}, 'Durability'),
      h('p', { class: 'value' }, health.durability),
      h('p', { class: 'detail' }, survives[health.durability] ?? ''),
    ),
    ...(fleet ? [instances(fleet, status.instance)] : []),
    h(
      'div',
      { class: 'column' },
      sections.dependencies(status),
      sections.events(status),
      sections.problems(status),
    ),
    h(
      'div',
      { class: 'column' },
      sections.busiest(busiestOf(status)),
      sections.deadLetters(letters, (ids) => void retry(ids)),
      sections.exports(status),
      ...(mails ? [sections.mailbox(mails)] : []),
    ),
  )
}

const retry = async (ids: readonly string[]): Promise<void> => {
  await api.json('POST', '/api/dead-letters/retry', { ids }).catch(showFailure)
  await update()
}

/** Undefined where the server sends its mails. */
const capturedMails = async (): Promise<readonly sections.Mail[] | undefined> => {
  const page = await api
    .json<{ items: sections.Mail[] }>('GET', '/api/mailbox?limit=8')
    .catch(() => undefined)
  return page?.items
}

const showFailure = (error: unknown): void => {
  const { problem } = error instanceof ApiError ? error : { problem: undefined }
  state.dataset['state'] = 'unavailable'
  state.textContent = problem?.title ?? 'The server does not answer'
  const isRefused = [
    'CODRAFT_OPERATORS_ONLY',
    'CODRAFT_GUEST_TOKENS_DISABLED',
    'CODRAFT_TOKEN_INVALID',
    'CODRAFT_TOKEN_EXPIRED',
  ]
  if (!isRefused.includes(problem?.code ?? '')) return
  state.textContent = 'For operators'
  if (main.querySelector('form')) return
  const input = h('input', {
    type: 'password',
    name: 'token',
    autocomplete: 'off',
    'aria-label': 'Token',
    required: true,
  })
  const form = h(
    'form',
    { class: 'card sign-in' },
    h('h2', {}, 'A token of an operator, please'),
    h('p', {}, 'The setting OPERATORS names the users who may see this page. It stays in this tab.'),
    h('div', { class: 'row' }, input, h('button', { class: 'button primary', type: 'submit' }, 'Show')),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    storage?.setItem(tokenKey, input.value.trim())
    api = createApi(tokenSource(), '')
    main.replaceChildren()
    void update()
  })
  main.replaceChildren(form)
}

const update = async (): Promise<void> => {
  if (main.querySelector('form')) return
  try {
    const status = await api.json<Status>('GET', '/api/status')
    remember(status)
    const letters =
      status.events.deadLetters === 0
        ? []
        : (await api.json<{ items: DeadLetterView[] }>('GET', '/api/dead-letters')).items
    show(status, letters, await capturedMails())
  } catch (error) {
    showFailure(error)
  }
}

const run = async (): Promise<void> => {
  if (!document.hidden) await update()
  setTimeout(() => void run(), pollMs)
}
void run()
