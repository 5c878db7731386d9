import { importLimits, type TreeLimits } from '../limits.ts'
import { normalise } from '../normalise.ts'
import { RawBuilder, type RawElement } from '../RawBuilder.ts'
import type { DocumentTree } from '../tree.ts'

/** Reads plain text: an empty line ends a paragraph, other line ends are breaks inside of it. */
export const readText = (source: string, limits?: Partial<TreeLimits>): DocumentTree =>
  normalise(buildText(source, importLimits(limits)))

export const buildText = (source: string, limits: TreeLimits): RawElement => {
  const builder = new RawBuilder(limits)
  const text = source.replaceAll(/\r\n?/g, '\n').replace(/\n+$/, '')
  for (const paragraph of text === '' ? [] : text.split(/\n[ \t]*\n/)) {
    builder.open('paragraph')
    for (const [index, line] of paragraph.split('\n').entries()) {
      if (index > 0) builder.leaf('hardBreak')
      builder.text(line)
    }
    builder.close()
  }
  return builder.root
}
