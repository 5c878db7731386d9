import { join } from 'node:path'
import {
  EncryptedObjectStore,
  FolderObjectStore,
  S3ObjectStore,
  type ObjectStore,
  type S3Options,
} from '../extensions/snapshots/index.ts'
import type { Config } from './config.ts'

/** The object store that the settings name; whether it works is not asked yet. */
export const openObjectStore = async (config: Config): Promise<ObjectStore> => {
  const objects = await openUnencryptedStore(config)
  const masterKeys = config.encryptionKeys?.map((key) => Buffer.from(key, 'base64'))
  return masterKeys ? EncryptedObjectStore.open({ objects, masterKeys }) : objects
}

const openUnencryptedStore = (config: Config): Promise<ObjectStore> => {
  const s3 = s3OptionsOf(config)
  return s3 ? S3ObjectStore.open(s3) : FolderObjectStore.open({ root: join(config.dataDir, 'objects') })
}

/** The bucket that the settings name; undefined when objects are in the data folder. */
export const s3OptionsOf = (config: Config): S3Options | undefined => {
  const { s3Bucket, s3Endpoint, s3ForcePathStyle, s3Sse, s3SseKmsKeyId } = config
  if (s3Bucket === undefined) return undefined
  return {
    bucket: s3Bucket,
    region: config.s3Region,
    ...(s3Endpoint !== undefined && { endpoint: s3Endpoint }),
    ...(s3ForcePathStyle !== undefined && { forcePathStyle: s3ForcePathStyle }),
    ...(s3Sse && {
      serverSideEncryption: {
        algorithm: s3Sse,
        ...(s3SseKmsKeyId !== undefined && { kmsKeyId: s3SseKmsKeyId }),
      },
    }),
  }
}
