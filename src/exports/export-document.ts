import { CodraftError } from '../../extensions/errors.ts'
import {
  formatContent,
  type Block,
  type DocumentReading,
  type DocumentTree,
  type Inline,
} from '../documents/tree/index.ts'
import { withEndnotes } from './endnotes.ts'
import { mediaTypes, type ExportedFile, type ExportFormat, type ExportOptions } from './ExportOptions.ts'
import { readImage } from './image-header.ts'
import { prepare } from './prepare.ts'
import type { ImageData } from './PrintDocument.ts'
import type { RenderPool } from './RenderPool.ts'

/** Fetches the bytes of an image by its address; undefined when it cannot be had. */
export type ImageFetcher = (src: string) => Promise<Uint8Array | undefined>

export interface ExportServices {
  readonly pool: RenderPool
  /** For images that are not in the document itself; `data:` addresses never get here. */
  readonly fetchImage: ImageFetcher
}

/** Images of one file, and their bytes together. */
const maxImages = 500
const maxImageBytes = 100 * 1024 * 1024
/** Images that are fetched at the same time. */
const fetches = 4

/**
 * Makes a file of a document.
 *
 * @throws {CodraftError} CODRAFT_EXPORT_FAILED, CODRAFT_EXPORT_TOO_LARGE, CODRAFT_EXPORT_TOO_SLOW
 */
export const exportDocument = async (
  reading: Pick<DocumentReading, 'tree' | 'names' | 'text'>,
  format: ExportFormat,
  options: ExportOptions,
  services: ExportServices,
): Promise<ExportedFile> => {
  const mediaType = mediaTypes[format]
  switch (format) {
    case 'pdf':
    case 'docx': {
      const images = await imagesOf(reading.tree, services.fetchImage)
      const prepared = prepare(reading.tree, options, images)
      const { bytes, notes } = await services.pool.render({ format, ...prepared })
      return { format, mediaType, bytes, notes: [...prepared.notes, ...notes] }
    }
    case 'txt':
    case 'md':
    case 'html': {
      const noted = withEndnotes(reading, options.comments ?? [])
      const content = formatContent(format === 'txt' ? 'text' : format, noted)
      const text = format === 'html' ? page(content, reading.tree, options) : content
      return { format, mediaType, bytes: new TextEncoder().encode(text), notes: [] }
    }
  }
}

const imagesOf = async (tree: DocumentTree, fetchImage: ImageFetcher): Promise<Map<string, ImageData>> => {
  const sources = [...addresses(tree.content)]
  if (sources.length > maxImages)
    throw new CodraftError('CODRAFT_EXPORT_TOO_LARGE', `more than ${maxImages} images`)
  const images = new Map<string, ImageData>()
  let total = 0
  const take = async (): Promise<void> => {
    for (let src = sources.pop(); src !== undefined; src = sources.pop()) {
      const bytes = src.startsWith('data:') ? dataOf(src) : await fetchImage(src)
      if (!bytes) continue
      total += bytes.length
      if (total > maxImageBytes)
        throw new CodraftError('CODRAFT_EXPORT_TOO_LARGE', `more than ${maxImageBytes} bytes of images`)
      const image = readImage(bytes)
      if (image) images.set(src, image)
    }
  }
  await Promise.all(Array.from({ length: fetches }, take))
  return images
}

const dataOf = (src: string): Uint8Array | undefined => {
  const [, data] = /^data:image\/[\w.+-]+(?:;[\w=.-]+)*;base64,(.*)$/is.exec(src) ?? []
  return data === undefined ? undefined : Buffer.from(data, 'base64')
}

/** The addresses of all images, each once. */
const addresses = (nodes: readonly (Block | Inline)[], found = new Set<string>()): Set<string> => {
  for (const node of nodes) {
    if (node.type === 'image') {
      if (node.attrs.src !== '') found.add(node.attrs.src)
    } else if ('content' in node) addresses(node.content as readonly (Block | Inline)[], found)
  }
  return found
}

/** A page of its own around the content: no script, nothing fetched but the images in it. */
const page = (content: string, tree: DocumentTree, options: ExportOptions): string => {
  const { meta } = prepare({ ...tree, content: tree.content.slice(0, 200) }, options, new Map()).document
  const language = meta.region === '' ? meta.language : `${meta.language}-${meta.region}`
  const author = meta.author === '' ? '' : `<meta name="author" content="${escape(meta.author)}">\n`
  return `<!doctype html>
<html lang="${language}" dir="${meta.dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(meta.title)}</title>
${author}<style>
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; }
img { max-width: 100%; } pre { overflow: auto; padding: .8rem; background: #f5f5f5; }
table { border-collapse: collapse; } td, th { border: 1px solid #bbb; padding: .3rem .6rem; }
ul[data-type="taskList"] { list-style: none; padding-inline-start: 0; } ul[data-type="taskList"] p { display: inline; }
</style>
</head>
<body>
${content}
</body>
</html>
`
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
