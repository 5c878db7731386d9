import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { CodraftError } from '../errors.ts'

export interface S3Options {
  /** Must exist. */
  readonly bucket: string
  /** URL of the server; without it AWS, by region. */
  readonly endpoint?: string
  /** @default 'us-east-1' */
  readonly region?: string
  /**
   * Whether the bucket is in the path of URLs rather than in the host name.
   * @default true when there is an `endpoint`
   */
  readonly forcePathStyle?: boolean
  /** Default: found as all AWS programs do, from AWS_ACCESS_KEY_ID and so on, a profile, or the role of the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** How the server encrypts what it stores; without it, as the bucket is set. */
  readonly serverSideEncryption?: {
    readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
    /** Default: the key that AWS manages. */
    readonly kmsKeyId?: string
  }
  /**
   * Longest wait for an answer, ms. A request is repeated up to twice.
   * @default 10_000
   */
  readonly requestTimeoutMs?: number
}

export interface S3Connection {
  readonly sdk: typeof import('@aws-sdk/client-s3')
  readonly client: S3Client
}

const connectionTimeoutMs = 2_000
const maxAttempts = 3

/** Loads the client; the server is first asked by a command. */
export const openS3Client = async (options: S3Options): Promise<S3Connection> => {
  // Not at the top of the file: the client costs memory and start time, and most servers keep a folder.
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint, credentials, requestTimeoutMs = 10_000 } = options
  const client = new sdk.S3Client({
    region: options.region ?? 'us-east-1',
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    maxAttempts,
    // What is stored has checksums of its own, and compatible servers do not know all of those that AWS has added.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestTimeoutMs,
    },
  })
  return { sdk, client }
}

/** How a write asks for encryption at rest. */
export const encryptionOf = ({
  serverSideEncryption,
}: S3Options): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> => {
  const { algorithm, kmsKeyId } = serverSideEncryption ?? {}
  return {
    ...(algorithm && { ServerSideEncryption: algorithm }),
    ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
  }
}

/** What an error of the SDK says about the answer. */
export const answerOf = (error: unknown): { name: string; status: number; attempts: number } => {
  const { name = '', $metadata } = error as {
    name?: string
    $metadata?: { httpStatusCode?: number; attempts?: number }
  }
  return { name, status: $metadata?.httpStatusCode ?? 0, attempts: $metadata?.attempts ?? 1 }
}

export const unsuitable = (reason: string, cause?: unknown): CodraftError =>
  new CodraftError('CODRAFT_OBJECT_STORE_UNSUITABLE', reason, { cause })

/** Refusals that are of the moment although their status is below 500. */
const passing = new Set(['RequestTimeout', 'TooManyRequestsException', 'SlowDown', 'ThrottlingException'])

/** What the SDK has thrown, as a coded error. */
export const explained = (error: unknown): CodraftError => {
  if (error instanceof CodraftError) return error
  const { name, status } = answerOf(error)
  const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`
  const isRefusal =
    (status >= 400 && status < 500 && !passing.has(name)) ||
    status === 501 ||
    name === 'CredentialsProviderError'
  return isRefusal
    ? unsuitable(detail, error)
    : new CodraftError('CODRAFT_OBJECT_STORE_UNAVAILABLE', detail, { cause: error })
}
