import { z } from 'zod'
import { optionalFlag, settings } from './leaf.ts'

/** Settings of snapshots in S3. */
export const objectStoreSettings = {
  s3Bucket: z.string().min(1).optional().register(settings, {
    env: 'S3_BUCKET',
    group: 'Object store',
    description:
      'Bucket of snapshots and files; without it they are in the data folder. Credentials are found as all AWS programs do: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.',
  }),
  s3Endpoint: z.url('must be a URL').optional().register(settings, {
    env: 'S3_ENDPOINT',
    group: 'Object store',
    description: 'URL of an S3-compatible server; it must honour If-Match and If-None-Match in PutObject.',
  }),
  s3PublicEndpoint: z.url('must be a URL').optional().register(settings, {
    env: 'S3_PUBLIC_ENDPOINT',
    group: 'Object store',
    description: 'URL of S3_ENDPOINT as browsers reach it, for download links. Default: S3_ENDPOINT itself.',
  }),
  s3Region: z
    .string()
    .min(1)
    .default('us-east-1')
    .register(settings, { env: 'S3_REGION', group: 'Object store', description: 'Region of the bucket.' }),
  s3ForcePathStyle: optionalFlag().register(settings, {
    env: 'S3_FORCE_PATH_STYLE',
    group: 'Object store',
    description:
      'Whether the bucket is in the path of URLs rather than in the host name; without it, when there is an S3_ENDPOINT.',
  }),
  s3Sse: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional().register(settings, {
    env: 'S3_SSE',
    group: 'Object store',
    description:
      'How the S3 server encrypts what it stores: AES256, aws:kms or aws:kms:dsse; without it, as the bucket is set.',
  }),
  s3SseKmsKeyId: z.string().min(1).optional().register(settings, {
    env: 'S3_SSE_KMS_KEY_ID',
    group: 'Object store',
    description: 'Key of S3_SSE=aws:kms and aws:kms:dsse; without it, the one that AWS manages.',
  }),
  encryptionKeys: z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .refine(
      (keys) => keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key)),
      'must be 32 bytes in base64 each; make one with: openssl rand -base64 32',
    )
    .optional()
    .register(settings, {
      env: 'SNAPSHOT_ENCRYPTION_KEY',
      secret: true,
      group: 'Object store',
      description:
        'Master keys that encrypt stored objects, 32 bytes in base64 each, comma-separated: the first encrypts, all of them decrypt.',
    }),
}
