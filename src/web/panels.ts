import type { Api } from './api.ts'
import { documentPath } from './document-name.ts'
import { byId } from './dom.ts'
import { showToast } from './toast.ts'

export interface PanelOptions {
  readonly api: Api
  readonly documentName: string
  readonly ownId: () => string
  readonly tintFor: (id: string) => string
  readonly canWrite: () => boolean
}

/** Connects the buttons of the page with what they open, which is loaded when it is wanted first. */
export const bindPanels = ({ api, documentName, ownId, tintFor, canWrite }: PanelOptions): void => {
  bindLazily('share', async () => {
    const { openShareDialog } = await import('./share/share-dialog.ts')
    const link = new URL(documentPath(documentName), location.origin).href
    return () => openShareDialog({ api, ownId: ownId(), title: documentName, link, tintFor })
  })
  bindLazily('history', async () => {
    const { openHistoryPanel } = await import('./history/history-panel.ts')
    return () => openHistoryPanel({ api, canWrite })
  })
  bindLazily('analytics', async () => {
    const { openAnalyticsPanel } = await import('./analytics/analytics-panel.ts')
    return () => openAnalyticsPanel(api)
  })
}

const bindLazily = (id: string, load: () => Promise<() => void>): void => {
  const button = byId(id, HTMLButtonElement)
  let loading: Promise<() => void> | undefined
  button.addEventListener('click', () => {
    loading ??= load()
    loading.then(
      (open) => open(),
      () => {
        loading = undefined
        showToast('This part of the page cannot be loaded. Check your connection, or reload the page.')
      },
    )
  })
}
