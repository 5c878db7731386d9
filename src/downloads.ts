import type { ObjectStore } from '../extensions/snapshots/index.ts'
import type { Config } from './config.ts'
import { S3Downloads, ServerDownloads } from './exports/index.ts'
import { linkSecretOf } from './secret.ts'
import { s3OptionsOf } from './object-store.ts'

export interface DownloadsOptions {
  readonly config: Config
  /** Where files go that are not fetched from S3 directly. */
  readonly objects: ObjectStore
  /** Where this server listens. */
  readonly url: () => string
}

/**
 * Links to the bucket where files lie there as they are; else links to this server, which alone can read them: they are
 * in its folder, or encrypted.
 */
export const openDownloads = async ({
  config,
  objects,
  url,
}: DownloadsOptions): Promise<S3Downloads | ServerDownloads> => {
  const { s3PublicEndpoint: publicEndpoint, publicUrl, encryptionKeys } = config
  const s3 = s3OptionsOf(config)
  if (s3 && !encryptionKeys)
    return S3Downloads.open({ ...s3, ...(publicEndpoint !== undefined && { publicEndpoint }) })
  return new ServerDownloads({ objects, secret: linkSecretOf(config), publicUrl: () => publicUrl ?? url() })
}
