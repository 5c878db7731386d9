import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'

const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Files below a folder that hold the text. */
export const filesWith = async (folder: string, text: string): Promise<string[]> => {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    if (holdsText(bytes, text)) found.push(path)
  }
  return found
}

/** Whether bytes hold the text: as it is, in base64 or compressed. */
export const holdsText = (bytes: Buffer, text: string): boolean =>
  [text, ...base64Forms(text)].some((form) => bytes.includes(form)) || decompressed(bytes).includes(text)

const decompressed = (bytes: Buffer): Buffer => {
  const start = bytes.indexOf(zstdMagic)
  if (start === -1) return Buffer.alloc(0)
  try {
    return zstdDecompressSync(bytes.subarray(start))
  } catch {
    return Buffer.alloc(0)
  }
}

/** What base64 makes of the text at each of the three places that it may begin at, without its ends. */
const base64Forms = (text: string): string[] =>
  ['', ' ', '  '].map((before) =>
    Buffer.from(before + text)
      .toString('base64')
      .slice(4, -4),
  )
