import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { encodeStateAsUpdate } from 'yjs'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { editorOf, requireRole } from './roles.ts'
import { bodyProblems, documentParams, documentProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

const updateMediaType = 'application/octet-stream'
const bytes = z.any().meta({ type: 'string', format: 'binary' })

/** `/api/documents/:name`: the content of one document. */
export const documentRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { documents, limits } = services
  app.addContentTypeParser(updateMediaType, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.get(
    '/api/documents/:name',
    {
      schema: {
        tags: ['documents'],
        summary: 'Read a document as it is now',
        params: documentParams,
        querystring: z.object({ format: z.enum(['update']).default('update') }),
        response: {
          200: {
            description: 'The document.',
            content: { [updateMediaType]: { schema: bytes } },
          },
          ...documentProblems,
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const state = await documents.read(name, (document) => encodeStateAsUpdate(document))
      if (!state) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
      return reply.type(updateMediaType).send(Buffer.from(state.buffer, state.byteOffset, state.byteLength))
    },
  )

  app.patch(
    '/api/documents/:name',
    {
      bodyLimit: limits.maxUpdateBytes,
      schema: {
        tags: ['documents'],
        summary: 'Edit a document',
        description: 'Applies a Yjs update (V1). Answers when the edit is durable.',
        consumes: [updateMediaType],
        params: documentParams,
        body: z.instanceof(Buffer).meta({ type: 'string', format: 'binary' }),
        response: { 204: z.null().describe('Done and durable.'), ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const caller = await requireRole(services, request, name, 'editor')
      await documents.applyUpdate(name, editorOf(caller), request.body)
      return reply.code(204).send(null)
    },
  )
}
