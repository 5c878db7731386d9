import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Doc } from 'yjs'
import { z } from 'zod'
import { createDocument, updateDocument } from '../store/documents.ts'
import { assertMatches, etagOf } from './content.ts'
import { idempotencyHeaders, idempotently } from './idempotency.ts'
import { editorOf, requireRole } from './roles.ts'
import type { RestServices } from './services.ts'

export const writtenSchema = z.object({ etag: z.string().describe('Of the document with the edit.') })

export const conditionHeaders = idempotencyHeaders.extend({
  'if-match': z
    .string()
    .max(1_000)
    .optional()
    .describe('ETag of the state that the caller has read; any other state answers 412.'),
})

export interface DocumentWrite {
  readonly name: string
  /** Throws when there is nothing yet and this cannot be the first thing written. */
  readonly checkNew: () => void | Promise<void>
  /** What takes long and is done before, while others edit. */
  readonly prepare?: (document: Doc) => Promise<void>
  /** Changes the document in a transaction of this origin; has to throw before it changes anything. */
  readonly change: (document: Doc, origin: object) => void
}

/**
 * Edits a document on behalf of the caller, creates it where it does not exist, and answers with its ETag when the edit
 * is durable: 201 when nothing was there, else 200. `If-Match` and `Idempotency-Key` count.
 */
export const writeDocument = async (
  services: RestServices,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, checkNew, prepare, change }: DocumentWrite,
): Promise<FastifyReply> => {
  const { documents, store } = services
  const isNew = !(await documents.hasContent(name))
  // What cannot be read must not make its sender the owner of an empty document.
  if (isNew) await checkNew()
  const caller = await requireRole(services, request, name, 'editor', true)
  return idempotently(services, request, reply, name, {
    async work(opId) {
      const at = Date.now()
      // An application that keeps its own permissions has no owner in the store.
      const isAdded = isNew && (await createDocument(store.of(name), { name, ownerId: null, at }))
      const write = (document: Doc, origin: object): string => {
        assertMatches(document, request.headers['if-match'])
        change(document, origin)
        return etagOf(document)
      }
      const etag = await documents.edit(name, editorOf(caller, opId), write, async (document) => {
        assertMatches(document, request.headers['if-match'])
        await prepare?.(document)
      })
      if (!isAdded) await updateDocument(store.of(name), name, { updatedAt: at })
      reply.header('etag', etag)
      return { status: isNew ? 201 : 200, response: { etag } }
    },
    async repeated() {
      const etag = await documents.read(name, etagOf)
      return { status: 200, response: { etag: etag ?? '' } }
    },
  })
}
