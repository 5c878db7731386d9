import { EncryptedObjectStore, FolderObjectStore } from '../../extensions/snapshots/index.ts'

export const open = async (options: { root: string; masterKey: string }): Promise<EncryptedObjectStore> =>
  EncryptedObjectStore.open({
    objects: await FolderObjectStore.open(options),
    masterKeys: [Buffer.from(options.masterKey, 'base64')],
  })
