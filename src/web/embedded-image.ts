/** Longest side in pixels: enough for a page that is printed. */
const maxSide = 1_600

/** Everybody who opens the document loads it, and it stays in its history. */
const maxBytes = 300_000

interface EmbeddedImage {
  /** A data URI. */
  readonly src: string
  /** The name of the file. */
  readonly alt: string
  readonly width: number
  readonly height: number
}

/**
 * A picture small enough to be a part of the document: scaled down, and with as much quality as fits.
 *
 * @returns undefined when it does not fit
 * @throws when the file is no picture
 */
export const embeddedImage = async (file: File): Promise<EmbeddedImage | undefined> => {
  const bitmap = await createImageBitmap(file)
  const alt = file.name.replace(/\.[^.]*$/, '')
  for (let scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height)); scale > 0.02; scale *= 0.7) {
    const width = Math.max(1, Math.round(bitmap.width * scale))
    const height = Math.max(1, Math.round(bitmap.height * scale))
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width, height })
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0, width, height)
    // Where the browser cannot write WebP, this is PNG.
    const src = canvas.toDataURL('image/webp', 0.85)
    if (src.length <= maxBytes) return { src, alt, width, height }
  }
  return undefined
}
