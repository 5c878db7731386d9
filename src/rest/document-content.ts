import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { applyUpdate, Doc, type Text } from 'yjs'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { detectRoot } from '../documents/tree/read/roots.ts'
import { noUpdate } from '../documents/replacement.ts'
import { Replacements } from '../documents/Replacements.ts'
import type { ContentFormat } from '../documents/tree/index.ts'
import { editText } from '../ot/edit-text.ts'
import { assertMatches, contentOf, etagOf, mediaTypes, sendContent } from './content.ts'
import { idempotently } from './idempotency.ts'
import { editorOf, requireRole } from './roles.ts'
import { bodyProblems, contentResponse, documentParams, documentProblems, formatQuery } from './schemas.ts'
import type { RestServices } from './services.ts'
import { conditionHeaders, writeDocument, writtenSchema } from './write-document.ts'

/** Formats by the media type of a body. */
const formatOf = (mediaType: string | undefined): ContentFormat => {
  const essence = mediaType?.split(';', 1)[0]?.trim().toLowerCase()
  const [format] = Object.entries(mediaTypes).find(([, type]) => type === essence) ?? []
  return (format ?? 'json') as ContentFormat
}

/** `/api/documents/:name`: the content of one document. */
export const contentRoutes = (api: FastifyInstance, services: RestServices): void => {
  // Apart, because each reads bodies in its own way: as text here, as bytes there.
  void api.register(async (scope) => readAndReplace(scope, services))
  void api.register(async (scope) => patch(scope, services))
}

const readAndReplace = (api: FastifyInstance, services: RestServices): void => {
  const { documents, limits } = services
  const { update: _update, ...sources } = mediaTypes
  const replacements = new Replacements()
  api.removeAllContentTypeParsers()
  api.addContentTypeParser(Object.values(sources), { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['content']

  app.get(
    '/api/documents/:name',
    {
      schema: {
        tags,
        summary: 'Read a document as it is now',
        description: 'The live state while anybody has it open, else the stored one.',
        params: documentParams,
        querystring: formatQuery,
        headers: z.object({ 'if-none-match': z.string().max(1_000).optional() }),
        response: {
          200: contentResponse,
          304: z.null().describe('The document is still the one of If-None-Match.'),
          ...documentProblems,
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const content = await documents.read(name, (document) =>
        request.headers['if-none-match'] === etagOf(document)
          ? 'unchanged'
          : contentOf(document, request.query.format),
      )
      if (!content) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
      if (content === 'unchanged')
        return reply.code(304).header('etag', request.headers['if-none-match']).send(null)
      return sendContent(reply, content)
    },
  )

  app.put(
    '/api/documents/:name',
    {
      bodyLimit: limits.maxBodyBytes,
      schema: {
        tags,
        summary: 'Create a document, or replace its content',
        description:
          'From ProseMirror JSON (as Tiptap gives it), Markdown, HTML or text, by the Content-Type. An edit like any other: only what differs is changed, open editors see it happen, and what they type meanwhile merges with it. Answers when it is durable.',
        consumes: Object.values(sources),
        params: documentParams,
        headers: conditionHeaders,
        body: z.string().max(limits.maxBodyBytes),
        response: {
          200: writtenSchema.describe('Replaced and durable.'),
          201: writtenSchema.describe('Created and durable.'),
          ...bodyProblems,
        },
      },
    },
    async (request, reply) => {
      const { body } = request
      const format = formatOf(request.headers['content-type'])
      const updateFor = (document: Doc): Promise<Uint8Array> => replacements.updateFor(document, format, body)
      let first: Uint8Array | undefined
      let update: Uint8Array = noUpdate
      return writeDocument(services, request, reply, {
        name: request.params.name,
        async checkNew() {
          first = await updateFor(new Doc())
        },
        async prepare(document) {
          const isEmpty = document.store.clients.size === 0
          update = isEmpty && first ? first : await updateFor(document)
        },
        change: (document, origin) => applyUpdate(document, update, origin),
      })
    },
  )
}

const opsSchema = z.object({
  ops: z
    .array(z.unknown())
    .describe(
      '`{retain}`, `{insert}`, `{delete}` in a row, or `{position, insert}`, `{position, delete}`, each after those before it.',
    ),
  units: z.enum(['utf16', 'codepoint']).default('utf16').describe('What positions and lengths count.'),
  root: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Name of the Y.Text. Default: the one that the document has.'),
})

const patch = (api: FastifyInstance, services: RestServices): void => {
  const { documents, limits } = services
  api.addContentTypeParser(mediaTypes.update, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  const app = api.withTypeProvider<ZodTypeProvider>()

  app.patch(
    '/api/documents/:name',
    {
      bodyLimit: limits.maxUpdateBytes,
      schema: {
        tags: ['content'],
        summary: 'Edit a document',
        description:
          'Applies a Yjs update (V1), or ops to a plain or Quill text as it is now (give If-Match when they count from a state that was read before). Answers when the edit is durable.',
        consumes: [mediaTypes.update, mediaTypes.json],
        params: documentParams,
        headers: conditionHeaders,
        body: z.union([z.instanceof(Buffer).meta({ type: 'string', format: 'binary' }), opsSchema]),
        response: { 204: z.null().describe('Done and durable.'), ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { body } = request
      const caller = await requireRole(services, request, name, 'editor', true)
      const done = { status: 204, response: null }
      return idempotently(services, request, reply, name, {
        async work(opId) {
          const editor = editorOf(caller, opId)
          if (Buffer.isBuffer(body)) await documents.applyUpdate(name, editor, body)
          else
            await documents.edit(name, editor, (document, origin) => {
              assertMatches(document, request.headers['if-match'])
              editText(textOf(document, body.root), body.ops, body.units, origin)
            })
          return done
        },
        repeated: async () => done,
      })
    },
  )
}

/** @throws {CodraftError} CODRAFT_EDIT_INVALID when the document has rich text there */
const textOf = (document: Doc, name: string | undefined): Text => {
  const { root, editor } = detectRoot(document, name === undefined ? {} : { root: name })
  const isNew = name !== undefined && !document.share.has(name)
  if (editor !== 'text' && editor !== 'quill' && !isNew)
    throw new CodraftError('CODRAFT_EDIT_INVALID', 'the document is no plain text: send a Yjs update, or PUT')
  return document.getText(name ?? root)
}
