import { z } from 'zod'

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

/** A comment on the text that has a `comment` mark with its id; several may have the same. */
export interface ExportComment {
  readonly id: string
  readonly author: string
  readonly text: string
  /** When it was written, ISO 8601. */
  readonly date?: string
  /** The text that it is about, for a note that has no place in the document. */
  readonly quote?: string
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
  /** Written as endnotes, where the text refers to them; those of no text come last. */
  readonly comments?: readonly ExportComment[]
}

/** What a user may ask for: the comments themselves come from the document. */
export interface RequestedOptions extends Omit<ExportOptions, 'comments'> {
  /** Write the threads that are not resolved as endnotes. @default true */
  readonly includeComments?: boolean
}

const line = z.string().max(300)

/** Options as a request has them. */
export const exportOptionsSchema = z
  .object({
    title: line.describe('In the metadata and the file name. Default: the first heading.'),
    author: line.describe('In the metadata.'),
    language: z
      .string()
      .regex(/^[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,4}$/i, 'must be a language tag, such as en or zh-TW')
      .describe('Language of the text, BCP 47. Default: en.'),
    date: z
      .union([z.iso.date(), z.iso.datetime({ offset: true })])
      .describe('In the metadata. Default: none.'),
    pageSize: z.enum(['a4', 'letter']).describe('Default: a4.'),
    tableOfContents: z.boolean().describe('Begin with a table of contents. Default: false.'),
    header: line.describe('Text at the top of each page. Default: none.'),
    pageNumbers: z.boolean().describe('Default: true.'),
    includeComments: z
      .boolean()
      .describe('Write the comment threads that are not resolved as endnotes. Default: true.'),
  })
  .partial()
  .strict()

/** A finished file. */
export interface ExportedFile {
  readonly format: ExportFormat
  readonly mediaType: string
  readonly bytes: Uint8Array
  /** What could not be kept, in words for the person who asked for the file. */
  readonly notes: readonly string[]
}
