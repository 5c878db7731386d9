import { crc32 } from 'node:zlib'
import type { VersionTag } from './ObjectStore.ts'

/** Bytes of a tag. */
export const tagLength = 16

const magic = Buffer.from('CDO1')
const checksumOffset = tagLength
const magicOffset = checksumOffset + 4

/** Bytes that follow the body: tag, CRC-32 of the body (little-endian), "CDO1". At the end, a lost tail shows. */
export const trailerLength = magicOffset + magic.length

export const appendTrailer = (body: Uint8Array, tag: VersionTag): Uint8Array => {
  const trailer = Buffer.alloc(trailerLength)
  trailer.write(tag, 'hex')
  trailer.writeUInt32LE(crc32(body), checksumOffset)
  magic.copy(trailer, magicOffset)
  return Buffer.concat([body, trailer])
}

/** `intact` says whether the body before the trailer matches its checksum; undefined when there is no trailer. */
export const readTrailer = (
  file: Buffer,
): { readonly tag: VersionTag; readonly intact: boolean } | undefined => {
  if (file.length < trailerLength) return undefined
  const trailer = file.subarray(-trailerLength)
  if (!trailer.subarray(magicOffset).equals(magic)) return undefined
  return {
    tag: trailer.toString('hex', 0, tagLength),
    intact: crc32(file.subarray(0, -trailerLength)) === trailer.readUInt32LE(checksumOffset),
  }
}
