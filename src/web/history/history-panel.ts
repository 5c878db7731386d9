import { messageOf, type Api } from '../api.ts'
import { h } from '../dom.ts'
import { openPanel } from '../panel.ts'
import { openPreview } from './preview.ts'
import { authorOf, dayOf, timeOf, titleOf, type Version } from './versions.ts'

interface HistoryOptions {
  readonly api: Api
  readonly canWrite: () => boolean
}

interface VersionPage {
  readonly items: readonly Version[]
  readonly cursor?: string
}

/** Opens the list of versions; one that is chosen is shown in place of the document. */
export const openHistoryPanel = ({ api, canWrite }: HistoryOptions): void => {
  const hint = h('p', { class: 'field-hint', role: 'alert' })
  const list = h('div', { class: 'version-list', 'aria-busy': 'true' })
  const more = h('button', { type: 'button', class: 'button', hidden: true }, 'Older versions')
  const label = h('input', {
    class: 'field',
    maxlength: '200',
    placeholder: 'Name of this version',
    'aria-label': 'Name of the version',
  })
  const keep = h(
    'form',
    { class: 'version-keep row' },
    label,
    h('button', { type: 'submit', class: 'button primary' }, 'Keep'),
  )
  keep.hidden = !canWrite()
  openPanel({
    name: 'history',
    title: 'History',
    content: [keep, hint, list, more],
    onClose: () => preview?.close(),
  })

  let versions: Version[] = []
  let cursor: string | undefined
  let preview: { close(): void } | undefined
  let selected: string | undefined
  let renaming: string | undefined

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    hint.textContent = ''
    try {
      await work()
    } catch (error) {
      hint.textContent = messageOf(error)
    }
  }

  const loadPage = async (from?: string): Promise<void> => {
    const query = from === undefined ? '' : `&cursor=${encodeURIComponent(from)}`
    const page = await api.json<VersionPage>('GET', api.path(`/versions?limit=50${query}`))
    versions = [...(from === undefined ? [] : versions), ...page.items]
    cursor = page.cursor
    render()
  }

  const select = (version: Version): void => {
    preview?.close()
    selected = version.id
    render()
    const close = (): void => {
      preview = undefined
      selected = undefined
      render()
    }
    preview = openPreview({
      api,
      version,
      before: versions[versions.indexOf(version) + 1],
      canRestore: canWrite(),
      onClosed: close,
      onRestored() {
        close()
        void attempt(loadPage)
      },
    })
  }

  const rename = (version: Version, name: string): void => {
    renaming = undefined
    void attempt(async () => {
      await api.json('PATCH', api.path(`/versions/${version.id}`), { label: name.trim() || null })
      await loadPage()
    })
  }

  const renameForm = (version: Version): HTMLElement => {
    const field = h('input', {
      class: 'field',
      maxlength: '200',
      value: version.label ?? '',
      'aria-label': 'Name of the version',
    })
    const form = h('form', { class: 'row' }, field, h('button', { type: 'submit', class: 'button' }, 'Save'))
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      rename(version, field.value)
    })
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      renaming = undefined
      render()
    })
    setTimeout(() => field.focus())
    return form
  }

  const row = (version: Version): HTMLElement => {
    const open = h(
      'button',
      { type: 'button', class: 'version-open', 'aria-pressed': String(version.id === selected) },
      h(
        'span',
        { class: version.label === null ? 'version-title' : 'version-title named' },
        titleOf(version),
      ),
      h('span', { class: 'label' }, `${timeOf(version)} · ${authorOf(version)}`),
    )
    open.addEventListener('click', () => select(version))
    const name = h('button', { type: 'button', class: 'button quiet version-name' }, 'Name')
    name.addEventListener('click', () => {
      renaming = version.id
      render()
    })
    if (version.id === renaming) return h('li', {}, renameForm(version))
    return h('li', {}, open, ...(canWrite() ? [name] : []))
  }

  const render = (): void => {
    const days = Map.groupBy(versions, (version) => dayOf(version))
    const sections = Array.from(days, ([day, some]) =>
      h('section', {}, h('h3', { class: 'label' }, day), h('ul', {}, ...some.map(row))),
    )
    const nothing = h(
      'p',
      { class: 'label' },
      'No version has been kept yet. That happens by itself while people write.',
    )
    list.replaceChildren(...(versions.length > 0 ? sections : [nothing]))
    list.removeAttribute('aria-busy')
    more.hidden = cursor === undefined
  }

  keep.addEventListener('submit', (event) => {
    event.preventDefault()
    const name = label.value.trim()
    void attempt(async () => {
      await api.json('POST', api.path('/versions'), name ? { label: name } : {})
      label.value = ''
      await loadPage()
    })
  })
  more.addEventListener('click', () => void attempt(() => loadPage(cursor)))
  void attempt(loadPage).finally(() => list.removeAttribute('aria-busy'))
}
