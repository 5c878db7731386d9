import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { Doc } from 'yjs'
import { z } from 'zod'
import { editContent } from '../documents/tree/index.ts'
import { bodyProblems, documentParams } from './schemas.ts'
import type { RestServices } from './services.ts'
import { conditionHeaders, writeDocument, writtenSchema } from './write-document.ts'

const maxEdits = 100

const markdown = z.string().describe('Markdown; in a plain text document, text.')

export const editSchema = z
  .union([
    z.strictObject({ append: markdown }).describe('Adds to the end.'),
    z
      .strictObject({ heading: z.string().min(1).describe('Its text, exactly.'), insert: markdown })
      .describe('Adds to the end of the section that this heading begins.'),
    z
      .strictObject({
        find: z.string().min(1).describe('As people read it, or as Markdown; there exactly once.'),
        replace: markdown,
      })
      .describe('Replaces a text. Within a block it keeps the marks that it has there.'),
  ])
  .meta({ id: 'Edit' })

/** `/api/documents/:name/edits`: edits that need no position and no version. */
export const editRoutes = (api: FastifyInstance, services: RestServices): void => {
  api.withTypeProvider<ZodTypeProvider>().post(
    '/api/documents/:name/edits',
    {
      bodyLimit: services.limits.maxUpdateBytes,
      schema: {
        tags: ['content'],
        summary: 'Add to a document, or replace parts of it',
        description:
          'One after the other, all or none. The edits are of the document as it is when they arrive, and merge with what people type. A new document begins with what is appended. Answers when all are durable.',
        params: documentParams,
        headers: conditionHeaders,
        body: z.object({ edits: z.array(editSchema).min(1).max(maxEdits) }),
        response: {
          200: writtenSchema.describe('Edited and durable.'),
          201: writtenSchema.describe('Created and durable.'),
          ...bodyProblems,
        },
      },
    },
    async (request, reply) => {
      const { edits } = request.body
      return writeDocument(services, request, reply, {
        name: request.params.name,
        checkNew: () => editContent(new Doc(), edits),
        change: (document, origin) => editContent(document, edits, origin),
      })
    },
  )
}
