import { messageOf, type Api } from './api.ts'
import { byId, h, icon } from './dom.ts'
import { icons } from './icons.ts'
import { bindPopover } from './popover.ts'
import { explain } from './problem.ts'

const formats = [
  { format: 'pdf', name: 'PDF', purpose: 'to print or to send' },
  { format: 'docx', name: 'Word', purpose: 'to edit elsewhere' },
  { format: 'html', name: 'Web page', purpose: 'for any browser' },
  { format: 'md', name: 'Markdown', purpose: 'for programs' },
  { format: 'txt', name: 'Plain text', purpose: 'words only' },
] as const

/** What the page needs to know of an export (see `/api/docs`). */
interface Export {
  readonly id: string
  readonly state: 'queued' | 'running' | 'done' | 'failed'
  readonly progress: number
  readonly file?: { readonly name: string; readonly bytes: number; readonly url: string }
  readonly notes?: readonly string[]
  readonly error?: { readonly code: string; readonly detail: string }
}

const firstLookMs = 250
const lookMs = 1_000

/** Adds the Export button to the header: a popover with the formats, how far a file is, and its link. */
export const mountExportMenu = (api: Api): void => {
  const button = h(
    'button',
    { id: 'export', type: 'button', class: 'tool', 'aria-label': 'Export', 'data-tip': 'Export' },
    icon(icons.download),
  )
  const popover = h(
    'div',
    { class: 'popover exports', role: 'dialog', 'aria-label': 'Export' },
    h('h2', { class: 'popover-title' }, 'Export'),
    ...formats.map((format) => exportRow(api, format)),
  )
  byId('new-document', HTMLButtonElement).before(button)
  document.body.append(popover)
  bindPopover(button, popover)
}

/** One format: a button that asks for the file, and under it what has become of it. */
const exportRow = (api: Api, { format, name, purpose }: (typeof formats)[number]): HTMLElement => {
  const choice = h(
    'button',
    { type: 'button', class: 'menu-item', 'data-format': format },
    h('span', {}, name),
    h('span', { class: 'label' }, purpose),
  )
  const outcome = h('div', { class: 'export-outcome', role: 'status' })
  let isUnderWay = false
  const run = async (): Promise<void> => {
    if (isUnderWay) return
    isUnderWay = true
    choice.setAttribute('aria-disabled', 'true')
    try {
      await makeFile(api, format, outcome)
    } catch (error) {
      outcome.replaceChildren(h('p', { class: 'field-hint' }, messageOf(error)))
    } finally {
      isUnderWay = false
      choice.removeAttribute('aria-disabled')
    }
  }
  choice.addEventListener('click', () => void run())
  return h('div', { class: 'export-row' }, choice, outcome)
}

const makeFile = async (api: Api, format: string, outcome: HTMLElement): Promise<void> => {
  const bar = h('progress', { max: '100', value: '4', 'aria-label': 'Progress of the export' })
  outcome.replaceChildren(bar)
  let current = await api.json<Export>('POST', api.path('/exports'), { format })
  for (let waitMs = firstLookMs; current.state === 'queued' || current.state === 'running';) {
    bar.value = Math.max(bar.value, current.progress)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(lookMs, waitMs * 1.5)
    current = await api.json<Export>('GET', `/api/exports/${current.id}`)
  }
  const { file, notes = [], error } = current
  if (!file) {
    outcome.replaceChildren(h('p', { class: 'field-hint' }, explain(error?.code ?? '').text))
    return
  }
  const link = h(
    'a',
    { class: 'export-file', href: file.url, download: file.name },
    icon(icons.download),
    h('span', { class: 'export-name' }, file.name),
    h('span', { class: 'label' }, sizeOf(file.bytes)),
  )
  outcome.replaceChildren(link, ...notes.map((note) => h('p', { class: 'label' }, note)))
  // Whoever still looks waits for the file; for others the link stays here.
  if (outcome.checkVisibility()) link.click()
}

const sizeOf = (bytes: number): string =>
  bytes < 1_000
    ? `${bytes} B`
    : bytes < 1_000_000
      ? `${Math.round(bytes / 1_000)} kB`
      : `${(bytes / 1_000_000).toFixed(1)} MB`
