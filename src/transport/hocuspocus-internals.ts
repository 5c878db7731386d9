import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Document, type Hocuspocus } from '@hocuspocus/server'
import { CodraftError } from '../../extensions/errors.ts'

/** The version whose private parts this file knows. */
const knownVersion = '4.7.0'

/**
 * The private names of Hocuspocus that the transport takes the place of: a document's own broadcasts, which send
 * each change to each reader by itself. Everything else goes through the published API.
 */
interface DocumentBroadcasts {
  broadcastUpdate(update: Uint8Array): void
  broadcastAwarenessUpdate(clients: number[]): void
}
const replaced: readonly (keyof DocumentBroadcasts)[] = ['broadcastUpdate', 'broadcastAwarenessUpdate']

/**
 * Call it once at start.
 *
 * @throws {CodraftError} CODRAFT_HOCUSPOCUS_INCOMPATIBLE
 */
export const assertKnownHocuspocus = (): void => {
  const entry = createRequire(import.meta.url).resolve('@hocuspocus/server')
  const folder = entry.slice(0, entry.lastIndexOf('/dist/'))
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { version: string }
  const missing = replaced.filter((name) => !(name in Document.prototype))
  if (version === knownVersion && missing.length === 0) return
  throw new CodraftError(
    'CODRAFT_HOCUSPOCUS_INCOMPATIBLE',
    `@hocuspocus/server ${version} is installed, ${knownVersion} is needed${missing.length > 0 ? `; missing: ${missing.join(', ')}` : ''}`,
  )
}

/** Stops the document's own sending of updates; awareness changes go to `onAwareness`. */
export const takeOverBroadcasts = (document: Document, onAwareness: (clients: number[]) => void): void => {
  // Without a delay, the document calls the two methods for each change instead of gathering changes by itself.
  document.flushDelay = false
  const broadcasts: DocumentBroadcasts = {
    broadcastUpdate: () => undefined,
    broadcastAwarenessUpdate: onAwareness,
  }
  Object.assign(document, broadcasts)
}

/** Keeps Hocuspocus from listing all awareness states at each change for an onAwarenessUpdate hook that nobody has. */
export const skipAwarenessHook = (document: Document): void => {
  const { awareness } = document
  const on = awareness.on.bind(awareness)
  // Hocuspocus registers the listener that calls the hook right after the documents' afterLoadDocument hooks.
  awareness.on = (name: string, listener: (...args: never[]) => void): void => {
    if (name === 'update') awareness.on = on
    else on(name, listener)
  }
}

/** How the payloads of hooks name a connection, as `socketId`. */
export const socketIdOf = (connection: ReturnType<Hocuspocus['handleConnection']>): string =>
  connection['socketId']
