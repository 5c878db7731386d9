/** The formats of exported files. */
export const exportFormats = ['pdf', 'docx', 'txt', 'html', 'md'] as const
export type ExportFormat = (typeof exportFormats)[number]

/** Media types of the formats. */
export const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  txt: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
}

/** A comment on the text that has a `comment` mark with its id. */
export interface ExportComment {
  readonly id: string
  readonly author: string
  readonly text: string
  /** When it was written, ISO 8601. */
  readonly date?: string
}

export interface ExportOptions {
  /** Title in the metadata, and in the header. @default the first heading, or `Untitled` */
  readonly title?: string
  readonly author?: string
  /** Language of the text, BCP 47. @default 'en' */
  readonly language?: string
  /** Date in the metadata, ISO 8601. @default none, so that the same document gives the same file */
  readonly date?: string
  /** @default 'a4' */
  readonly pageSize?: 'a4' | 'letter'
  /** @default false */
  readonly tableOfContents?: boolean
  /** Text at the top of each page. @default none */
  readonly header?: string
  /** Number the pages. @default true */
  readonly pageNumbers?: boolean
  /** Written as endnotes, where the text refers to them. */
  readonly comments?: readonly ExportComment[]
}

/** A finished file. */
export interface ExportedFile {
  readonly format: ExportFormat
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** What could not be kept, in words for the person who asked for the file. */
  readonly notes: readonly string[]
}
