import type { Problem } from './problem.ts'

/** What is known about the connection and about the edits made on this page. */
export interface SaveFacts {
  /** `connecting` only until the first attempt has failed or succeeded. */
  readonly connection: 'connecting' | 'connected' | 'offline'
  readonly access: 'unknown' | 'write' | 'read'
  /** The document of the server has arrived over the present connection. */
  readonly synced: boolean
  /** Edits that the server has not yet acknowledged as durable. */
  readonly unsyncedChanges: number
  /** `degraded` while the server says that it cannot store. */
  readonly storage: 'ok' | 'degraded'
  /** This browser keeps a copy that survives a reload. */
  readonly localCopy: boolean
  /** Why the server refuses this page; undefined when it does not. */
  readonly problem: Problem | undefined
}

export type SaveKind = 'connecting' | 'saving' | 'saved' | 'offline' | 'unstored' | 'readonly' | 'error'

export interface SaveState {
  readonly kind: SaveKind
  readonly label: string
}

const offlineLabel = (localCopy: boolean): string =>
  localCopy ? 'Offline — edits are kept on this device' : 'Offline — keep this tab open'

/**
 * What the page says about the edits. `saved` means durable: the server acknowledges an edit only after it is
 * in its journal, and `unsyncedChanges` counts the edits without that acknowledgement.
 */
export const saveStateOf = (facts: SaveFacts): SaveState => {
  if (facts.problem && !facts.problem.passing) return { kind: 'error', label: facts.problem.title }
  if (facts.storage === 'degraded' && facts.unsyncedChanges > 0 && facts.access !== 'read') {
    return { kind: 'unstored', label: 'Not saved yet — the server cannot store at the moment' }
  }
  if (facts.connection === 'offline') {
    const label = facts.access === 'read' ? 'Offline — read only' : offlineLabel(facts.localCopy)
    return { kind: 'offline', label }
  }
  if (!facts.synced || facts.access === 'unknown') return { kind: 'connecting', label: 'Connecting…' }
  if (facts.access === 'read') return { kind: 'readonly', label: 'Read only' }
  if (facts.unsyncedChanges > 0) return { kind: 'saving', label: 'Saving…' }
  return { kind: 'saved', label: 'Saved' }
}

/** A state that usually passes at once is shown only when it lasts longer than this. */
export const quietMs = 150

/** "Saving…", once shown, stays this long: a word that flashes is worse than one that is late. */
export const holdMs = 500

interface Timers {
  now(): number
  /** Calls back once after `delayMs`; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void
}

const browserTimers: Timers = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * Takes every state and shows the ones that last: no flicker while one types and each edit is saved within
 * milliseconds. Bad news is never delayed.
 */
export const calmly = (show: (state: SaveState) => void, timers: Timers = browserTimers) => {
  let shown: SaveState | undefined
  let shownAt = 0
  let awaited: SaveState | undefined
  let cancel: () => void = () => undefined

  const showNow = (state: SaveState): void => {
    awaited = undefined
    shown = state
    shownAt = timers.now()
    show(state)
  }

  const delayOf = (state: SaveState): number => {
    if (state.kind === 'saving' || state.kind === 'connecting') return quietMs
    if (state.kind === 'saved' && shown?.kind === 'saving') {
      return Math.max(0, holdMs - (timers.now() - shownAt))
    }
    return 0
  }

  return (state: SaveState): void => {
    if (awaited?.label === state.label) return
    cancel()
    awaited = undefined
    if (shown?.label === state.label) return
    const delayMs = delayOf(state)
    if (delayMs === 0) return showNow(state)
    awaited = state
    cancel = timers.after(delayMs, () => showNow(state))
  }
}
