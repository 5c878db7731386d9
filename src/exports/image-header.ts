import type { ImageData } from './PrintDocument.ts'

/** Pixels past which an image is not decoded: four bytes for each in memory. */
const maxPixels = 25_000_000

/**
 * Reads an image's type and size from its header, without decoding it; undefined for what is no bitmap, or one with
 * more than 25 million pixels.
 */
export const readImage = (bytes: Uint8Array): ImageData | undefined => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = png(view) ?? gif(view) ?? jpg(view) ?? webp(view)
  if (!size || size.width < 1 || size.height < 1 || size.width * size.height > maxPixels) return undefined
  return { bytes, ...size }
}

type Header = Omit<ImageData, 'bytes'>

const png = (view: Buffer): Header | undefined =>
  view.length >= 24 && view.readUInt32BE(0) === 0x89_50_4e_47 && view.toString('latin1', 12, 16) === 'IHDR'
    ? { type: 'png', width: view.readUInt32BE(16), height: view.readUInt32BE(20) }
    : undefined

const gif = (view: Buffer): Header | undefined =>
  view.length >= 10 && /^GIF8[79]a/.test(view.toString('latin1', 0, 6))
    ? { type: 'gif', width: view.readUInt16LE(6), height: view.readUInt16LE(8) }
    : undefined

/** The markers before the first frame header are skipped (ITU T.81, annex B). */
const jpg = (view: Buffer): Header | undefined => {
  if (view.length < 4 || view.readUInt16BE(0) !== 0xff_d8) return undefined
  for (let at = 2; at + 9 < view.length;) {
    if (view[at] !== 0xff) return undefined
    const marker = view[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { type: 'jpg', height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7) }
    const hasNoLength = marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
    at += marker === 0xff ? 1 : hasNoLength ? 2 : 2 + view.readUInt16BE(at + 2)
  }
  return undefined
}

const webp = (view: Buffer): Header | undefined => {
  if (
    view.length < 30 ||
    view.toString('latin1', 0, 4) !== 'RIFF' ||
    view.toString('latin1', 8, 12) !== 'WEBP'
  ) {
    return undefined
  }
  switch (view.toString('latin1', 12, 16)) {
    case 'VP8X':
      return { type: 'webp', width: 1 + view.readUIntLE(24, 3), height: 1 + view.readUIntLE(27, 3) }
    case 'VP8 ':
      return { type: 'webp', width: view.readUInt16LE(26) & 0x3f_ff, height: view.readUInt16LE(28) & 0x3f_ff }
    case 'VP8L': {
      const bits = view.readUInt32LE(21)
      return { type: 'webp', width: 1 + (bits & 0x3f_ff), height: 1 + ((bits >>> 14) & 0x3f_ff) }
    }
    default:
      return undefined
  }
}
