import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3ObjectStoreOptions } from '../../extensions/snapshots/index.ts'

/** The variables of the service `s3`. */
export type S3Variables = Readonly<Record<string, string | undefined>>

/** A new bucket, as the options of S3ObjectStore that open it. */
export const createBucket = async (
  variables: S3Variables,
): Promise<S3ObjectStoreOptions & Required<Pick<S3ObjectStoreOptions, 'endpoint' | 'credentials'>>> => {
  const endpoint = variables['CODRAFT_TEST_S3_ENDPOINT']!
  const credentials = {
    accessKeyId: variables['CODRAFT_TEST_S3_ACCESS_KEY']!,
    secretAccessKey: variables['CODRAFT_TEST_S3_SECRET_KEY']!,
  }
  const bucket = `codraft-${randomUUID()}`
  const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true })
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  client.destroy()
  return { bucket, endpoint, credentials }
}

/** The settings of a server that keeps its snapshots in this bucket. */
export const settingsOf = ({
  bucket,
  endpoint,
  credentials,
}: Awaited<ReturnType<typeof createBucket>>): Readonly<Record<string, string>> => ({
  S3_BUCKET: bucket,
  S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
})
