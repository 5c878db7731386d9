/**
 * Child process of the snapshot tests: commits one more state of a document and kills itself at the manifest swap.
 * Arguments: root of the object store, journal id, document name.
 */
import {
  Compactor,
  FolderObjectStore,
  type ObjectStore,
  SnapshotStore,
} from '../../extensions/snapshots/index.ts'

const [root = '', journalId = '', documentName = ''] = process.argv.slice(2)
const folder = await FolderObjectStore.open({ root })
const objects: ObjectStore = {
  get: (key) => folder.get(key),
  put(key, body, condition) {
    if (key.endsWith('/manifest.json')) process.kill(process.pid, 'SIGKILL')
    return folder.put(key, body, condition)
  },
  delete: (key) => folder.delete(key),
  list: (prefix) => folder.list(prefix),
  check: () => folder.check(),
  close: () => folder.close(),
}
const compactor = new Compactor()
const store = new SnapshotStore({
  objects,
  journalId,
  merge: (a, b) => compactor.compact({ state: a, updates: [b] }),
})
const base = await store.read(documentName)
await store.commit(documentName, { state: Uint8Array.of(0, 0), position: 999 }, base)
