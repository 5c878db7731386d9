import { cleanName, type Guest } from './guest.ts'

/** Who this page acts for. */
export interface Identity {
  readonly id: string
  readonly name: string
}

/** Where access tokens come from. */
export interface TokenSource {
  readonly identity: Identity
  /** The name belongs to the guest of this browser; otherwise the application decides it. */
  readonly renamable: boolean
  /**
   * A valid token, fetched anew when the last one is about to expire.
   *
   * @throws {Error} its message holds the coded reason when the server refuses
   */
  get(): Promise<string>
  /** Forgets a token that the server has refused. True when a new one may be accepted. */
  renew(): boolean
}

/** A token is renewed this long before it expires, more than the minute before it in which the server asks. */
const renewalSeconds = 120

interface Grant {
  token: string
  expiresAt: number
  user: Identity
}

/** Guest tokens of the embedded server. `save` keeps what the server makes of the guest's id. */
export const guestTokens = (guest: Guest, save: (guest: Guest) => void): TokenSource => {
  let grant: Grant | undefined
  let grantedName = ''

  const isFresh = (candidate: Grant): boolean =>
    grantedName === guest.name && candidate.expiresAt - Date.now() / 1000 > renewalSeconds

  return {
    renamable: true,
    get identity() {
      return { id: guest.userId ?? guest.id, name: guest.name }
    },
    async get() {
      if (grant && isFresh(grant)) return grant.token
      const name = guest.name
      const response = await requestToken({ user: guest.id, name })
      if (response?.status === 403) throw new Error('CODRAFT_GUEST_TOKENS_DISABLED')
      if (!response?.ok) throw new Error('CODRAFT_AUTH_UNAVAILABLE')
      grant = (await response.json()) as Grant
      grantedName = name
      guest.userId = grant.user.id
      save(guest)
      return grant.token
    },
    renew() {
      grant = undefined
      return true
    },
  }
}

/** Undefined when the server cannot be reached. */
const requestToken = (body: { user: string; name: string }): Promise<Response | undefined> =>
  fetch('/api/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined)

/** One token that the application has issued. */
export const applicationToken = (token: string): TokenSource => ({
  identity: identityIn(token),
  renamable: false,
  get: () => Promise.resolve(token),
  renew: () => false,
})

/** Reads the claims for display; only the server verifies them. */
const identityIn = (token: string): Identity => {
  const fallback: Identity = { id: 'unknown', name: 'You' }
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const bytes = Uint8Array.from(atob(payload), (letter) => letter.charCodeAt(0))
    const { sub, name } = JSON.parse(new TextDecoder().decode(bytes)) as { sub?: unknown; name?: unknown }
    const id = typeof sub === 'string' && sub ? sub : fallback.id
    return { id, name: (typeof name === 'string' && cleanName(name)) || id }
  } catch {
    return fallback
  }
}

const key = 'codraft.token'

/**
 * Takes `?token=` out of the page address, so that neither the history nor a copied link gives it away, and
 * keeps it for reloads of this tab.
 */
export const takeTokenFromAddress = (address: URL, tab: Storage | undefined): string | undefined => {
  const token = address.searchParams.get('token')
  if (token === null) return tab?.getItem(key) ?? undefined
  address.searchParams.delete('token')
  if (token) tab?.setItem(key, token)
  else tab?.removeItem(key)
  return token || undefined
}
