import { createHash } from 'node:crypto'
import { CodraftError } from '../errors.ts'

const maxKeyLength = 1_000
/** Segments of 1 to 255 characters, none of them `.` or `..`. */
const keyPattern = /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[\w.~%-]{1,255}(?:\/[\w.~%-]{1,255})*$/
const prefixPattern = /^(?!(?:.*\/)?\.{1,2}(?:\/|$))(?:[\w.~%-]{1,255}\/)*[\w.~%-]{0,255}$/

export const isObjectKey = (key: string): boolean => key.length <= maxKeyLength && keyPattern.test(key)

/** @throws TypeError when `key` is not a key of the ObjectStore contract */
export const assertObjectKey = (key: string): void => {
  if (!isObjectKey(key)) throw new TypeError(`not an object key: ${JSON.stringify(key)}`)
}

/** @throws TypeError when no key can start with `prefix` */
export const assertObjectKeyPrefix = (prefix: string): void => {
  if (prefix.length > maxKeyLength || !prefixPattern.test(prefix))
    throw new TypeError(`not a prefix of an object key: ${JSON.stringify(prefix)}`)
}

const maxEncodedLength = 180
const shortenedLength = 100
const unescaped = /[a-z0-9_-]/

/**
 * One key segment for each document name, and never the same for two names: bytes of its UTF-8 form other than
 * `a-z 0-9 _ -` become `%xx`, so that file systems which ignore case or normalise Unicode keep names apart. A form
 * over 180 characters is cut and completed with `~` and the SHA-256 of the name.
 *
 * @throws CODRAFT_DOCUMENT_NAME_INVALID for an empty name and one with half a surrogate pair, which has no UTF-8 form
 */
export const encodeDocumentName = (name: string): string => {
  if (name === '' || !name.isWellFormed()) throw new CodraftError('CODRAFT_DOCUMENT_NAME_INVALID')
  const encoded = Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCharCode(byte)
    return unescaped.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`
  }).join('')
  if (encoded.length <= maxEncodedLength) return encoded
  const start = encoded.slice(0, shortenedLength).replace(/%[0-9a-f]?$/, '')
  return `${start}~${createHash('sha256').update(name).digest('hex')}`
}

export const manifestKey = (documentName: string): string =>
  `documents/${encodeDocumentName(documentName)}/manifest.json`

export const snapshotKeyPrefix = (documentName: string): string =>
  `documents/${encodeDocumentName(documentName)}/snapshots/`

export interface SnapshotKeyParts {
  readonly epoch: number
  /** When the object was written, ms since 1970. */
  readonly writtenAt: number
  /** Of the object's bytes, hexadecimal. */
  readonly sha256: string
}

/**
 * The key of a snapshot object. The hash says what it must contain; epoch and time make the key unique, so that
 * whoever finds an object unreferenced may delete it without asking who else may have stored the same content.
 */
export const snapshotKey = (documentName: string, { epoch, writtenAt, sha256 }: SnapshotKeyParts): string =>
  `${snapshotKeyPrefix(documentName)}${epoch}-${writtenAt}-${sha256}`

/** Undefined for a key that {@link snapshotKey} has not made. */
export const parseSnapshotKey = (key: string): SnapshotKeyParts | undefined => {
  const [, epoch, writtenAt, sha256] = /\/snapshots\/(\d+)-(\d+)-([0-9a-f]{64})$/.exec(key) ?? []
  return sha256 === undefined ? undefined : { epoch: Number(epoch), writtenAt: Number(writtenAt), sha256 }
}

/** Where an encrypted store keeps the data keys of documents. */
export const dataKeyFolder = 'keys/'

export const dataKeyPrefix = (documentName: string): string =>
  `${dataKeyFolder}${encodeDocumentName(documentName)}/`

/**
 * Where the data key of an object is: one for each epoch of a document, whose objects are
 * `documents/<document>/<kind>/<epoch>-<rest>`. Undefined for other objects.
 */
export const dataKeyOf = (objectKey: string): string | undefined => {
  const [, document, epoch] = /^documents\/([^/]+)\/[^/]+\/(\d+)-[^/]*$/.exec(objectKey) ?? []
  return epoch === undefined ? undefined : `${dataKeyFolder}${document}/${epoch}`
}
