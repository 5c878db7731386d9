import { z } from 'zod'
import { roles } from '../../extensions/auth/index.ts'
import type { Page } from '../store/cursor.ts'
import { contentFormats } from '../documents/tree/index.ts'
import { problemMediaType, problemSchema } from './problem.ts'

export const documentParams = z.object({
  name: z.string().min(1).max(255).describe('Document name, percent-encoded, slashes included.'),
})

export const roleSchema = z.enum(roles).meta({ id: 'Role' })

export const timeSchema = z.iso.datetime().describe('UTC, ISO 8601.')
export const isoTime = (ms: number): string => new Date(ms).toISOString()

const maxPageItems = 200

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxPageItems).default(50).describe('Items on a page.'),
  cursor: z.string().max(1_000).optional().describe('`cursor` of the page before.'),
})

/** One page of a list, and how to get the next. */
export const pageSchema = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    cursor: z.string().optional().describe('Absent on the last page.'),
  })

/** Keeps the cursor of a page of rows. */
export const mapPage = <Row, Item>(
  { items, cursor }: Page<Row>,
  map: (row: Row) => Item,
): { items: Item[]; cursor?: string } => ({
  items: items.map(map),
  ...(cursor !== undefined && { cursor }),
})

export const formatQuery = z.object({
  format: z
    .enum([...contentFormats, 'update'])
    .default('json')
    .describe('`json` is ProseMirror JSON, `update` the Yjs state (V1).'),
})

/** A body that goes into or comes out of a route as it is. */
export const binarySchema = z.any().meta({ type: 'string', format: 'binary' })
const textSchema = z.string()

/** What routes answer that have `format` in their query. */
export const contentResponse = {
  description: 'The document in the format asked for.',
  content: {
    'application/json': { schema: z.any().describe('ProseMirror JSON: `{type: "doc", content: […]}`.') },
    'text/plain': { schema: textSchema },
    'text/html': { schema: textSchema },
    'text/markdown': { schema: textSchema },
    'application/octet-stream': { schema: binarySchema },
  },
}

/** What a route may answer that is no success. */
export const problem = (description: string) => ({
  description,
  content: { [problemMediaType]: { schema: problemSchema } },
})

/** What any route may answer besides success. */
export const commonProblems = {
  400: problem('The request is malformed.'),
  401: problem('The access token is missing, expired or invalid.'),
  429: problem('Too many requests; see Retry-After.'),
  503: problem('A store is away for the moment; see the code.'),
} as const

/** What any route of a document may answer besides. */
export const documentProblems = {
  ...commonProblems,
  403: problem('The role on this document does not suffice.'),
  404: problem('There is no such document, or part of it.'),
  410: problem('The document was erased, or is in the bin.'),
} as const

/** What routes with a body may answer besides. */
export const bodyProblems = {
  ...documentProblems,
  409: problem('It conflicts with what is there; see the code.'),
  412: problem('The document is not the one that If-Match names.'),
  413: problem('The body is too large.'),
  415: problem('The media type of the body is not one of these.'),
  422: problem('The body cannot be read as what it says it is.'),
} as const
