import { decodeUpdate, findIndexSS, getState, type Doc } from 'yjs'

/**
 * Whether `document` has everything of `update` already: all its content and all its deletions. Costs as much as
 * the update is long, never as much as the document is; `Y.snapshotContainsUpdate` needs the whole document.
 */
export const containsUpdate = (document: Doc, update: Uint8Array): boolean => {
  const { structs, ds } = decodeUpdate(update)
  const { store } = document
  if (structs.some(({ id, length }) => id.clock + length > getState(store, id.client))) return false
  for (const [client, ranges] of ds.clients) {
    const items = store.clients.get(client)
    if (!items) return false
    for (const { clock, len } of ranges) {
      if (clock + len > getState(store, client)) return false
      for (let i = findIndexSS(items, clock); i < items.length; i++) {
        const item = items[i]
        if (!item || item.id.clock >= clock + len) break
        if (!item.deleted) return false
      }
    }
  }
  return true
}
