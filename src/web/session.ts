import { HocuspocusProvider, WebSocketStatus } from '@hocuspocus/provider'
import { IndexeddbPersistence } from 'y-indexeddb'
import { Doc } from 'yjs'
import { CollabSocket } from './collab-socket.ts'
import { explain, type Problem } from './problem.ts'
import type { SaveFacts } from './save-state.ts'
import type { TokenSource } from './tokens.ts'

/** Facts for the save state, and whether there is something to show. */
export interface SessionFacts extends SaveFacts {
  /** The content of the document is here: from the server, from this device, or known to be out of reach. */
  readonly loaded: boolean
  /** Edits are possible: the server allows them, or it is out of reach and nothing is known against them. */
  readonly writable: boolean
}

export interface Session {
  readonly document: Doc
  readonly provider: HocuspocusProvider
  readonly facts: SessionFacts
  /** Authenticates again, with a new token where one can be had. */
  retry(): void
  /** Opens another document over the same connection; `changed` is called when what may be done with it changes. */
  openCompanion(name: string, changed: () => void): HocuspocusProvider
}

interface SessionOptions {
  documentName: string
  /** WebSocket URL of the server. */
  url: string
  tokens: TokenSource
  onFacts: (facts: SessionFacts) => void
}

/** A copy that takes longer to open than this does not hold up the connection. */
const localCopyDeadlineMs = 2_000

/** After the server has closed the document, the page asks for it again this much later. */
const reopenDelayMs = 1_500

const accessKey = 'access'

/** Opens a document: the copy on this device first, then the server, and keeps both in step. */
export const openSession = ({ documentName, url, tokens, onFacts }: SessionOptions): Session => {
  const document = new Doc()
  let facts: SessionFacts = {
    connection: 'connecting',
    access: 'unknown',
    synced: false,
    unsyncedChanges: 0,
    storage: 'ok',
    localCopy: false,
    problem: undefined,
    loaded: false,
    writable: false,
  }
  /** One silent attempt with a new token for each time that the server has accepted one. */
  let mayRenew = true

  const update = (change: Partial<Omit<SessionFacts, 'writable'>>): void => {
    const next = { ...facts, ...change }
    const writable = next.access === 'write' || (next.access === 'unknown' && next.connection === 'offline')
    facts = { ...next, writable: writable && next.loaded && !next.problem?.blocking }
    onFacts(facts)
  }

  const socket = new CollabSocket(url)
  const provider = new HocuspocusProvider({
    name: documentName,
    document,
    websocketProvider: socket,
    token: () => tokens.get(),
    onUnsyncedChanges({ number }) {
      if (number > 0) return update({ unsyncedChanges: number })
      const problem = isRejection(facts.problem) ? undefined : facts.problem
      update({ unsyncedChanges: 0, storage: 'ok', problem })
    },
    onSynced: () => update({ synced: true, loaded: true }),
    onStateless: ({ payload }) => {
      const storage = durabilityIn(payload)
      if (storage) update({ storage })
    },
    onAuthenticated: ({ scope }) => {
      mayRenew = true
      const access = scope === 'readonly' ? 'read' : 'write'
      if (facts.localCopy) void local.set(accessKey, access)
      // The edit that the server has refused is still there and will be refused again.
      update({ access, problem: isRejection(facts.problem) ? facts.problem : undefined })
    },
    onAuthenticationFailed: ({ reason }) => refused(reason),
    onStatus: ({ status }) => {
      if (status === WebSocketStatus.Connected) update({ connection: 'connected' })
    },
    onClose: ({ event }) => {
      const problem = event.reason.includes('CODRAFT_') ? explain(event.reason) : facts.problem
      // A server that still cannot store says so again on the next connection.
      const storage = event.reason.includes('CODRAFT_JOURNAL_UNAVAILABLE') ? 'degraded' : 'ok'
      update({ connection: 'offline', synced: false, loaded: true, problem, storage })
      // The server has closed this document and left the socket open, so nothing else would open it again.
      if (socket.status === WebSocketStatus.Connected) setTimeout(reopen, reopenDelayMs)
    },
  })

  const reopen = (): void => {
    if (facts.synced) return
    provider.detach()
    update({ connection: socket.status === WebSocketStatus.Connected ? 'connected' : 'offline' })
    provider.attach()
  }

  const openCompanion = (name: string, changed: () => void): HocuspocusProvider => {
    const companion: HocuspocusProvider = new HocuspocusProvider({
      name,
      websocketProvider: socket,
      token: () => tokens.get(),
      onAuthenticated: changed,
      onClose() {
        changed()
        // As with the document itself: while the socket is open, nothing else would open it again.
        if (socket.status !== WebSocketStatus.Connected) return
        setTimeout(() => {
          companion.detach()
          companion.attach()
        }, reopenDelayMs)
      },
    })
    companion.attach()
    return companion
  }

  const refused = (reason: string): void => {
    update({ synced: false })
    if (/TOKEN_(EXPIRED|INVALID)/.test(reason) && mayRenew && tokens.renew()) {
      mayRenew = false
      return reopen()
    }
    update({ problem: explain(reason) })
  }

  const local = new IndexeddbPersistence(`codraft/${tokens.identity.id}/${documentName}`, document)
  const openLocalCopy = async (): Promise<void> => {
    try {
      const access: unknown = await local.get(accessKey)
      await local.whenSynced
      update({
        localCopy: true,
        loaded: facts.loaded || !isEmpty(document),
        access: facts.access === 'unknown' && access === 'read' ? 'read' : facts.access,
      })
    } catch {
      // Private windows may have no IndexedDB: the page then works without a copy, and says so when offline.
      update({ localCopy: false })
    }
  }

  const start = async (): Promise<void> => {
    await Promise.race([openLocalCopy(), new Promise((resolve) => setTimeout(resolve, localCopyDeadlineMs))])
    provider.attach()
    await socket.connect()
  }
  void start()

  for (const change of ['online', 'offline']) window.addEventListener(change, () => socket.reconnect())

  return {
    document,
    provider,
    get facts() {
      return facts
    },
    retry() {
      tokens.renew()
      mayRenew = true
      update({ problem: undefined, synced: false })
      reopen()
    },
    openCompanion,
  }
}

const isRejection = (problem: Problem | undefined): boolean => problem?.code === 'CODRAFT_UPDATE_REJECTED'

const isEmpty = (document: Doc): boolean => document.store.clients.size === 0

/** The state that a `durability` message of the server announces. */
const durabilityIn = (payload: string): 'ok' | 'degraded' | undefined => {
  try {
    const message = JSON.parse(payload) as { type?: unknown; state?: unknown } | null
    if (message?.type !== 'durability') return undefined
    return message.state === 'degraded' ? 'degraded' : 'ok'
  } catch {
    return undefined
  }
}
