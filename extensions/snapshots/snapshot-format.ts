import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'

// The asynchronous forms run in the thread pool of libuv.
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** "CDS1" and the format of what follows: 1 = Yjs state in V1, compressed with zstd. */
const header = Buffer.from('CDS1\u0001', 'latin1')

/** The bytes of a snapshot object: a header of 5 bytes, then the compressed state. */
export const encodeSnapshot = async (state: Uint8Array): Promise<Uint8Array> =>
  Buffer.concat([header, await compress(state)])

/**
 * The Yjs state (V1) in a snapshot object.
 *
 * @throws Error when it is not one, or of a format that this version does not know
 */
export const decodeSnapshot = async (body: Uint8Array): Promise<Uint8Array> => {
  if (!header.equals(body.subarray(0, header.length)))
    throw new Error('it is not a snapshot of a known format')
  const { buffer, byteOffset, byteLength } = await decompress(body.subarray(header.length))
  // Not a Buffer: its slice() would share memory where that of Uint8Array, which callers expect, copies.
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Hexadecimal. */
export const sha256 = async (body: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>)).toString('hex')
