import { messageOf, type Api } from '../api.ts'
import { byId, h } from '../dom.ts'
import { showToast } from '../toast.ts'
import { authorOf, dayOf, shorten, timeOf, titleOf, type Change, type Version } from './versions.ts'

interface PreviewOptions {
  readonly api: Api
  readonly version: Version
  /** The one before it, if there is one. */
  readonly before: Version | undefined
  readonly canRestore: boolean
  readonly onClosed: () => void
  readonly onRestored: () => void
}

interface View {
  readonly label: string
  readonly load: () => Promise<Node[]>
}

/** Shows a version in place of the document, as a text or as what is different in it. */
export const openPreview = ({
  api,
  version,
  before,
  canRestore,
  onClosed,
  onRestored,
}: PreviewOptions): { close(): void } => {
  const path = (rest: string, of = version) => api.path(`/versions/${of.id}${rest}`)
  const paper = h('div', { class: 'prose', 'aria-live': 'polite' })
  const sheet = h('article', { class: 'sheet preview', 'aria-label': titleOf(version) }, paper)
  const views: View[] = [
    { label: 'Text', load: async () => nodesOf(await api.text(path('/content?format=html'))) },
    ...(before
      ? [
          {
            label: 'What it changed',
            load: () => difference(path(`/difference?content=text&to=${version.id}`, before)),
          },
        ]
      : []),
    { label: 'What changed since', load: () => difference(path('/difference?content=text&to=now')) },
  ]
  const difference = async (address: string): Promise<Node[]> =>
    changeNodes((await api.json<{ changes: Change[] }>('GET', address)).changes)

  const tabs = views.map((view, index) => {
    const tab = h(
      'button',
      { type: 'button', class: 'segment', 'aria-pressed': String(index === 0) },
      view.label,
    )
    tab.addEventListener('click', () => void show(index))
    return tab
  })
  const restore = h('button', { type: 'button', class: 'button primary' }, 'Restore')
  const back = h('button', { type: 'button', class: 'button' }, 'Back to the document')
  const bar = h(
    'div',
    { class: 'preview-bar', role: 'group', 'aria-label': 'Version' },
    h(
      'p',
      { class: 'preview-title' },
      h('strong', {}, titleOf(version)),
      h('span', { class: 'label' }, `${dayOf(version)}, ${timeOf(version)}, ${authorOf(version)}`),
    ),
    h('div', { class: 'segments', role: 'group', 'aria-label': 'Show' }, ...tabs),
    back,
    ...(canRestore ? [restore] : []),
  )

  let shown = -1
  const show = async (index: number): Promise<void> => {
    shown = index
    tabs.forEach((tab, at) => tab.setAttribute('aria-pressed', String(at === index)))
    paper.setAttribute('aria-busy', 'true')
    const content = await views[index]
      ?.load()
      .catch((error: unknown) => [h('p', { class: 'label' }, messageOf(error))])
    if (shown !== index) return
    paper.removeAttribute('aria-busy')
    paper.replaceChildren(...(content ?? []))
  }

  const remove = (): void => {
    bar.remove()
    sheet.remove()
    document.body.removeAttribute('data-preview')
  }
  back.addEventListener('click', () => {
    remove()
    onClosed()
  })
  restore.addEventListener('click', () => {
    restore.disabled = true
    api.json('POST', path('/restore'), {}).then(
      () => {
        remove()
        showToast('Restored. What was there before is kept in the history, too.')
        onRestored()
      },
      (error: unknown) => {
        restore.disabled = false
        showToast(messageOf(error))
      },
    )
  })

  byId('sheet', HTMLElement).before(bar, sheet)
  document.body.dataset['preview'] = ''
  void show(0)
  return { close: remove }
}

/** The server writes HTML with its text escaped, without scripts, and with safe addresses only. */
const nodesOf = (html: string): Node[] => {
  const nodes = [...new DOMParser().parseFromString(html, 'text/html').body.childNodes]
  return nodes.length > 0 ? nodes : [h('p', { class: 'label' }, 'This version is empty.')]
}

const changeNodes = (changes: readonly Change[]): Node[] => {
  if (!changes.some(({ kind }) => kind !== 'same'))
    return [h('p', { class: 'label' }, 'The text is the same.')]
  const parts = changes.map(({ kind, text }, index) => {
    if (kind === 'inserted') return h('ins', {}, text)
    return kind === 'deleted' ? h('del', {}, text) : shorten(text, index === 0, index === changes.length - 1)
  })
  return [h('div', { class: 'difference' }, ...parts)]
}
