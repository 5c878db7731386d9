import { Extension, Node, mergeAttributes, type Extensions } from '@tiptap/core'
import { Highlight } from '@tiptap/extension-highlight'
import { Image } from '@tiptap/extension-image'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Mention } from '@tiptap/extension-mention'
import { Subscript } from '@tiptap/extension-subscript'
import { Superscript } from '@tiptap/extension-superscript'
import { TableKit } from '@tiptap/extension-table'
import { TextStyleKit } from '@tiptap/extension-text-style'
import { StarterKit } from '@tiptap/starter-kit'
import { foreignExtensions, type ForeignContent } from './foreign.ts'

const textBlocks = ['paragraph', 'heading']
const alignments = ['left', 'center', 'right', 'justify']
const directions = ['ltr', 'rtl', 'auto']

const oneOf = (allowed: readonly string[], value: unknown): string | undefined =>
  allowed.find((name) => name === value)

/** Alignment and direction of a block of text, as REST and other editors set them. */
const LineAttributes = Extension.create({
  name: 'lineAttributes',
  addGlobalAttributes: () => [
    {
      types: textBlocks,
      attributes: {
        textAlign: {
          default: null,
          parseHTML: (element) => oneOf(alignments, element.style.textAlign) ?? null,
          renderHTML({ textAlign }) {
            const align = oneOf(alignments, textAlign)
            return align ? { style: `text-align: ${align}` } : {}
          },
        },
        dir: {
          default: null,
          parseHTML: (element) => oneOf(directions, element.dir) ?? null,
          renderHTML: ({ dir }) => ({ dir: oneOf(directions, dir) }),
        },
      },
    },
  ],
})

const PageBreak = Node.create({
  name: 'pageBreak',
  group: 'block',
  atom: true,
  parseHTML: () => [{ tag: 'div[data-type="pageBreak"]' }],
  renderHTML: ({ HTMLAttributes }) => [
    'div',
    mergeAttributes(HTMLAttributes, { 'data-type': 'pageBreak', role: 'separator' }),
    'Page break',
  ],
})

/** The page asks no other host: an image that lies elsewhere is shown as a card that says where. */
const PageImage = Image.extend({
  renderHTML({ node, HTMLAttributes }) {
    const { src, alt } = node.attrs as { src?: unknown; alt?: unknown }
    const host = hostElsewhere(src)
    const label = typeof alt === 'string' && alt ? alt : 'Image'
    if (host === undefined) return ['img', HTMLAttributes]
    return [
      'span',
      { class: 'image-elsewhere', role: 'img', 'aria-label': `${label} (image on ${host})` },
      ['span', { class: 'image-label' }, label],
      ['span', { class: 'image-host' }, host],
    ]
  },
})

/** The host of an image that is not the server's own and not part of the document. */
const hostElsewhere = (src: unknown): string | undefined => {
  if (typeof src !== 'string' || !URL.canParse(src, location.href)) return 'an unknown address'
  const { protocol, host } = new URL(src, location.href)
  return protocol === 'data:' || host === location.host ? undefined : host || protocol
}

/**
 * The schema of the page: all that the document tree of the server has a type for, and what this document holds
 * beyond that. ProseMirror removes what its schema lacks from the document, for everybody.
 */
export const contentExtensions = (foreign: ForeignContent): Extensions => [
  StarterKit.configure({
    undoRedo: false,
    // It would change a document that is only opened, in every browser at once.
    trailingNode: false,
    link: {
      openOnClick: false,
      defaultProtocol: 'https',
      HTMLAttributes: { rel: 'noopener noreferrer nofollow' },
    },
    dropcursor: { color: 'var(--accent)', width: 2 },
  }),
  TaskList,
  TaskItem.configure({ nested: true }),
  TableKit.configure({ table: { resizable: false } }),
  PageImage.configure({ allowBase64: true, inline: foreign.imagesInLines }),
  Mention.configure({ HTMLAttributes: { class: 'mention' } }),
  Highlight.configure({ multicolor: true }),
  Subscript,
  Superscript,
  TextStyleKit,
  LineAttributes,
  PageBreak,
  ...foreignExtensions(foreign),
]
