/**
 * A document as the page renderers take it: plain JSON, in which nothing can fail. Colours are `#rrggbb`, addresses are
 * safe, images are there and decodable as far as their header says, tables have a grid, nesting is bounded.
 */
export interface PrintDocument {
  readonly meta: PrintMeta
  readonly blocks: readonly PrintBlock[]
  readonly notes: readonly PrintNote[]
}

export interface PrintMeta {
  readonly title: string
  readonly author: string
  /** ISO 639 code of the language, and ISO 3166 code of the region or an empty string. */
  readonly language: string
  readonly region: string
  readonly dir: Direction
  /** Year, month, day; empty for none. */
  readonly date: readonly number[]
  readonly pageSize: 'a4' | 'letter'
  readonly tableOfContents: boolean
  readonly header: string
  readonly pageNumbers: boolean
  /** The Chinese, Japanese or Korean script whose shapes come first. */
  readonly eastAsian: 'sc' | 'tc' | 'jp' | 'kr'
}

export type Direction = 'ltr' | 'rtl'

export interface PrintNote {
  readonly number: number
  readonly author: string
  readonly date: string
  readonly text: string
  readonly dir: Direction
}

export type PrintBlock =
  | PrintLine
  | PrintHeading
  | { readonly t: 'code'; readonly text: string; readonly language: string }
  | { readonly t: 'quote'; readonly blocks: readonly PrintBlock[] }
  | PrintList
  | PrintTable
  | { readonly t: 'rule' }
  | { readonly t: 'break' }
  | { readonly t: 'image'; readonly image: PrintImage }

export interface PrintLine {
  readonly t: 'line'
  readonly dir: Direction
  readonly align: '' | 'left' | 'center' | 'right' | 'justify'
  readonly inlines: readonly PrintInline[]
}

export interface PrintHeading {
  readonly t: 'heading'
  readonly dir: Direction
  readonly align: PrintLine['align']
  readonly inlines: readonly PrintInline[]
  /** Place in the outline: begins with 1, and never skips a level. */
  readonly level: number
  /** How it looks, 1 to 6. */
  readonly size: number
}

export interface PrintList {
  readonly t: 'list'
  readonly kind: 'bullet' | 'ordered' | 'task'
  readonly start: number
  readonly items: readonly { readonly checked: boolean; readonly blocks: readonly PrintBlock[] }[]
}

export interface PrintTable {
  readonly t: 'table'
  readonly columns: number
  readonly rows: number
  /** Rows at the top that are repeated on each page. */
  readonly headerRows: number
  readonly dir: Direction
  readonly cells: readonly PrintCell[]
}

export interface PrintCell {
  readonly x: number
  readonly y: number
  readonly colspan: number
  readonly rowspan: number
  readonly isHeader: boolean
  readonly blocks: readonly PrintBlock[]
}

export interface PrintImage {
  /** Index of the image's bytes; -1 when they cannot be had: its text is shown. */
  readonly index: number
  readonly alt: string
  /** CSS pixels. */
  readonly width: number
  readonly height: number
}

export type PrintInline =
  | ({ readonly t: 'text'; readonly text: string } & PrintMarks)
  | { readonly t: 'br' }
  | { readonly t: 'image'; readonly image: PrintImage }
  | { readonly t: 'note'; readonly number: number }

/** Empty strings stand for "none". */
export interface PrintMarks {
  readonly bold: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly strike: boolean
  readonly code: boolean
  readonly position: '' | 'sub' | 'super'
  readonly highlight: string
  readonly color: string
  readonly href: string
}

/** The bytes of an image and what its header says. */
export interface ImageData {
  readonly bytes: Uint8Array
  readonly type: 'png' | 'jpg' | 'gif' | 'webp'
  readonly width: number
  readonly height: number
}
