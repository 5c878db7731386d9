export type * from './ObjectStore.ts'
export { Compactor, type CompactorOptions } from './Compactor.ts'
export { EncryptedObjectStore, type EncryptedObjectStoreOptions } from './EncryptedObjectStore.ts'
export { FolderObjectStore, type FolderObjectStoreOptions } from './FolderObjectStore.ts'
export { assertObjectKey, assertObjectKeyPrefix, encodeDocumentName } from './object-keys.ts'
export { encryptionOf, explained, openS3Client, type S3Connection, type S3Options } from './s3-client.ts'
export { S3ObjectStore, type S3ObjectStoreOptions } from './S3ObjectStore.ts'
export {
  Snapshots,
  type CompactionReport,
  type SnapshotsConfiguration,
  type SnapshotsLogger,
  type SnapshotsStatus,
} from './Snapshots.ts'
export { SnapshotStore, type SnapshotStoreOptions, type StoredSnapshot } from './SnapshotStore.ts'
export { decodeSnapshot, encodeSnapshot } from './snapshot-format.ts'
