import { S3ObjectStore, type S3ObjectStoreOptions } from '../../extensions/snapshots/index.ts'

export const open = (options: S3ObjectStoreOptions): Promise<S3ObjectStore> => S3ObjectStore.open(options)
