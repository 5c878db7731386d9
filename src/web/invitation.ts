import { ApiError, type Api } from './api.ts'
import { showToast } from './toast.ts'

const key = 'codraft.invitation'

/**
 * Takes `?invitation=` out of the page address, so that a copied link does not give it away, and keeps it in this tab:
 * the application may have to sign its user in first.
 */
export const takeInvitationFromAddress = (address: URL, tab: Storage | undefined): string | undefined => {
  const token = address.searchParams.get('invitation')
  address.searchParams.delete('invitation')
  if (token) tab?.setItem(key, token)
  return token ?? tab?.getItem(key) ?? undefined
}

/** Accepts the invitation with which the page was opened; a refused one is said, and the page goes on. */
export const acceptInvitation = async (api: Api, token: string, tab: Storage | undefined): Promise<void> => {
  try {
    await api.json('POST', '/api/invitations/accept', { token })
    tab?.removeItem(key)
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.code !== 'CODRAFT_INVITATION_INVALID') return
    tab?.removeItem(key)
    showToast('This invitation is no longer valid. Ask for a new one.')
  }
}
