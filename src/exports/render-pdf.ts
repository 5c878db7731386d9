import { readFileSync } from 'node:fs'
import { NodeCompiler, type NodeError, type NodeTypstDocument } from '@myriaddreamin/typst-ts-node-compiler'
import { CodraftError } from '../../extensions/errors.ts'
import { fontFamilies, fontPaths } from './fonts.ts'
import type { ImageData, PrintBlock, PrintDocument, PrintImage, PrintInline } from './PrintDocument.ts'

export interface RenderedFile {
  readonly bytes: Uint8Array
  readonly notes: readonly string[]
}

const template = readFileSync(new URL('template.typ', import.meta.url), 'utf8')
/** A folder that does not exist: there is nothing for a template to read but what is given here. */
const workspace = '/codraft-export'
let compiler: NodeCompiler | undefined

/**
 * Typesets a PDF with Typst: tagged, with bookmarks; by PDF/UA-1 where the document allows it.
 *
 * @throws {CodraftError} CODRAFT_EXPORT_FAILED
 */
export const renderPdf = (document: PrintDocument, images: readonly ImageData[]): RenderedFile => {
  compiler ??= NodeCompiler.create({
    workspace,
    fontArgs: [{ fontPaths: fontPaths() }],
  })
  try {
    return render(compiler, document, images)
  } finally {
    compiler.resetShadow()
    // What Typst remembers of a document is of no use to the next one, and is most of the memory.
    compiler.evictCache(0)
  }
}

const render = (
  compiler: NodeCompiler,
  document: PrintDocument,
  images: readonly ImageData[],
): RenderedFile => {
  const notes: string[] = []
  let compiled = compile(compiler, document, images)
  if (compiled instanceof Failure && images.length > 0) {
    // A header may be sound while the rest is not: the images that cannot be decoded are left out.
    const broken = images.map((image) => !isDecodable(compiler, image))
    if (broken.includes(true)) {
      notes.push('Damaged images could not be included.')
      compiled = compile(
        compiler,
        withoutImages(document, (index) => broken[index] === true),
        images,
      )
    }
  }
  if (compiled instanceof Failure) throw new CodraftError('CODRAFT_EXPORT_FAILED', compiled.reason)
  try {
    return { bytes: compiler.pdf(compiled, { pdfStandard: 'ua-1' }), notes }
  } catch {
    // PDF/UA-1 refuses, for example, letters that no font has.
    notes.push('The PDF is tagged, but does not conform to PDF/UA-1.')
    return { bytes: compiler.pdf(compiled, {}), notes }
  }
}

class Failure {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const compile = (
  compiler: NodeCompiler,
  document: PrintDocument,
  images: readonly ImageData[],
): NodeTypstDocument | Failure => {
  compiler.resetShadow()
  compiler.mapShadow(`${workspace}/document.json`, Buffer.from(toJson(document)))
  compiler.mapShadow(`${workspace}/fonts.json`, Buffer.from(JSON.stringify(fontFamilies(document.meta))))
  for (const [index, { bytes }] of images.entries())
    compiler.mapShadow(`${workspace}/image-${index}`, Buffer.from(bytes))
  return result(compiler, template)
}

/** The document as the template reads it. Most of it is plain text, for which Typst would keep a dictionary each. */
const toJson = (document: PrintDocument): string =>
  JSON.stringify(document, (key, value: unknown) =>
    key === 'inlines' ? (value as PrintInline[]).map(withoutDefaults) : value,
  )

const withoutDefaults = (inline: PrintInline): unknown => {
  if (inline.t !== 'text') return inline
  const { t: _, text, ...all } = inline
  const marks = Object.entries(all).filter(([, value]) => value !== false && value !== '')
  return marks.length === 0 ? text : { text, ...Object.fromEntries(marks) }
}

const result = (compiler: NodeCompiler, mainFileContent: string): NodeTypstDocument | Failure => {
  const compilation = compiler.compile({ mainFileContent, resetRead: true })
  if (compilation.result) return compilation.result
  const error = compilation.takeError()
  return new Failure(error ? firstMessage(compiler, error) : 'the document could not be typeset')
}

/** Messages of Typst name its functions and files, never text of the document. */
const firstMessage = (compiler: NodeCompiler, error: NodeError): string => {
  const [first] = compiler.fetchDiagnostics(error) as { message?: unknown }[]
  return typeof first?.message === 'string'
    ? first.message.slice(0, 200)
    : 'the document could not be typeset'
}

const isDecodable = (compiler: NodeCompiler, { bytes }: ImageData): boolean => {
  compiler.mapShadow(`${workspace}/image`, Buffer.from(bytes))
  return !(result(compiler, '#image("/image")') instanceof Failure)
}

const withoutImages = (document: PrintDocument, isBroken: (index: number) => boolean): PrintDocument => {
  const fix = (image: PrintImage): PrintImage => (isBroken(image.index) ? { ...image, index: -1 } : image)
  const inline = (part: PrintInline): PrintInline =>
    part.t === 'image' ? { ...part, image: fix(part.image) } : part
  const visit = (blocks: readonly PrintBlock[]): PrintBlock[] =>
    blocks.map((block): PrintBlock => {
      switch (block.t) {
        case 'line':
        case 'heading':
          return { ...block, inlines: block.inlines.map(inline) }
        case 'quote':
          return { ...block, blocks: visit(block.blocks) }
        case 'list':
          return { ...block, items: block.items.map((item) => ({ ...item, blocks: visit(item.blocks) })) }
        case 'table':
          return { ...block, cells: block.cells.map((cell) => ({ ...cell, blocks: visit(cell.blocks) })) }
        case 'image':
          return { ...block, image: fix(block.image) }
        default:
          return block
      }
    })
  return { ...document, blocks: visit(document.blocks) }
}
