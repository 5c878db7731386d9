import { FolderObjectStore } from '../../extensions/snapshots/index.ts'

export const open = (options: { root: string }): Promise<FolderObjectStore> => FolderObjectStore.open(options)
