/**
 * The editor-neutral document tree: what every reader produces and every writer and exporter takes.
 *
 * It is ProseMirror's JSON in Tiptap's names, made safe: each attribute named here has the type given here, text is
 * well-formed Unicode, depth is bounded (so that code on it may recurse), and a node is only where it may be (a list holds
 * items, an item begins with a paragraph). Nodes and marks that have no type here are kept as `customBlock`,
 * `customText`, `customInline` and `customMark` with their name, attributes and text. Trees are plain JSON values.
 */
export interface DocumentTree {
  readonly type: 'doc'
  readonly content: readonly Block[]
}

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** Attributes of a node or mark; those without a type of their own are passed on as they are. */
export interface Attributes {
  readonly [name: string]: JsonValue | undefined
}

/** What any block of text may carry. */
export interface TextBlockAttributes extends Attributes {
  readonly textAlign?: 'left' | 'center' | 'right' | 'justify'
  /** Direction of the text; without it, the first letter that has a direction decides. */
  readonly dir?: 'ltr' | 'rtl' | 'auto'
}

export interface Paragraph {
  readonly type: 'paragraph'
  readonly attrs: TextBlockAttributes
  readonly content: readonly Inline[]
}

export interface Heading {
  readonly type: 'heading'
  /** `level`: 1 to 6. */
  readonly attrs: TextBlockAttributes & { readonly level: number }
  readonly content: readonly Inline[]
}

export interface CodeBlock {
  readonly type: 'codeBlock'
  readonly attrs: Attributes & { readonly language?: string }
  /** Text without marks; lines end in `\n`. */
  readonly content: readonly Inline[]
}

export interface Blockquote {
  readonly type: 'blockquote'
  readonly attrs: Attributes
  readonly content: readonly Block[]
}

export interface BulletList {
  readonly type: 'bulletList'
  readonly attrs: Attributes
  readonly content: readonly ListItem[]
}

export interface OrderedList {
  readonly type: 'orderedList'
  /** `start`: number of the first item. */
  readonly attrs: Attributes & { readonly start: number }
  readonly content: readonly ListItem[]
}

export interface ListItem {
  readonly type: 'listItem'
  readonly attrs: Attributes
  /** Begins with a paragraph, maybe an empty one. */
  readonly content: readonly Block[]
}

export interface TaskList {
  readonly type: 'taskList'
  readonly attrs: Attributes
  readonly content: readonly TaskItem[]
}

export interface TaskItem {
  readonly type: 'taskItem'
  readonly attrs: Attributes & { readonly checked: boolean }
  /** Begins with a paragraph, maybe an empty one. */
  readonly content: readonly Block[]
}

export interface Table {
  readonly type: 'table'
  readonly attrs: Attributes
  /** Rows may have different numbers of cells. */
  readonly content: readonly TableRow[]
}

export interface TableRow {
  readonly type: 'tableRow'
  readonly attrs: Attributes
  readonly content: readonly TableCell[]
}

export interface TableCell {
  readonly type: 'tableCell' | 'tableHeader'
  /** `colspan`, `rowspan`: 1 to 1000. `colwidth`: pixels, one for each column. */
  readonly attrs: Attributes & {
    readonly colspan: number
    readonly rowspan: number
    readonly colwidth?: readonly number[]
  }
  readonly content: readonly Block[]
}

export interface HorizontalRule {
  readonly type: 'horizontalRule'
  readonly attrs: Attributes
}

export interface PageBreak {
  readonly type: 'pageBreak'
  readonly attrs: Attributes
}

/** A block of its own, or part of a line of text. */
export interface Image {
  readonly type: 'image'
  /** `src`: any address, a data URI included, not checked. `width`, `height`: pixels. */
  readonly attrs: Attributes & {
    readonly src: string
    readonly alt?: string
    readonly title?: string
    readonly width?: number
    readonly height?: number
  }
}

/** A block of blocks that has no type here, such as a callout. */
export interface CustomBlock {
  readonly type: 'customBlock'
  readonly name: string
  readonly attrs: Attributes
  readonly content: readonly Block[]
}

/** A block of text that has no type here, such as a caption. */
export interface CustomText {
  readonly type: 'customText'
  readonly name: string
  readonly attrs: Attributes
  readonly content: readonly Inline[]
}

export type Block =
  | Paragraph
  | Heading
  | CodeBlock
  | Blockquote
  | BulletList
  | OrderedList
  | TaskList
  | Table
  | HorizontalRule
  | PageBreak
  | Image
  | CustomBlock
  | CustomText

export interface Text {
  readonly type: 'text'
  /** Never empty. */
  readonly text: string
  readonly marks: readonly Mark[]
}

export interface HardBreak {
  readonly type: 'hardBreak'
  readonly attrs: Attributes
  readonly marks: readonly Mark[]
}

export interface Mention {
  readonly type: 'mention'
  /** `label`: the name shown, without the `@`. */
  readonly attrs: Attributes & { readonly id: string; readonly label: string }
  readonly marks: readonly Mark[]
}

export interface InlineImage extends Image {
  readonly marks: readonly Mark[]
}

/** A part of a line that has no type here, such as a formula. */
export interface CustomInline {
  readonly type: 'customInline'
  readonly name: string
  readonly attrs: Attributes
  readonly content: readonly Inline[]
  readonly marks: readonly Mark[]
}

export type Inline = Text | HardBreak | Mention | InlineImage | CustomInline

export type MarkType =
  | 'bold'
  | 'italic'
  | 'underline'
  | 'strike'
  | 'code'
  | 'subscript'
  | 'superscript'
  /** `attrs.color`: a CSS colour. */
  | 'highlight'
  /** `attrs`: `color`, `backgroundColor`, `fontFamily`, `fontSize`, as in CSS. */
  | 'textStyle'
  /** `attrs`: `href`, any address, not checked; `title`. */
  | 'link'
  /** `attrs.id`: the comment thread. */
  | 'comment'

export interface KnownMark {
  readonly type: MarkType
  readonly attrs: Attributes
}

export interface CustomMark {
  readonly type: 'customMark'
  readonly name: string
  readonly attrs: Attributes
}

/** Several marks of one type may lie on the same text, such as two comments. */
export type Mark = KnownMark | CustomMark

export type TreeNode = Block | ListItem | TaskItem | TableRow | TableCell | Inline
