import { create as contentDisposition } from 'content-disposition'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ServerDownloads } from '../exports/index.ts'
import { binarySchema, commonProblems, documentProblems } from './schemas.ts'

/** `/api/downloads/:token`: files by a signed link, which is all the permission that it needs. */
export const downloadRoutes = (app: FastifyInstance, downloads: ServerDownloads): void => {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/api/downloads/:token',
    {
      schema: {
        tags: ['exports'],
        summary: 'Fetch a file by its link',
        description:
          'The address is the `url` of a finished export; it needs no access token, and holds for an hour.',
        security: [],
        params: z.object({ token: z.string().min(1).max(2_048) }),
        response: {
          200: {
            description: 'The file, as an attachment.',
            content: { 'application/octet-stream': { schema: binarySchema } },
          },
          400: commonProblems[400],
          410: documentProblems[410],
          429: commonProblems[429],
          503: commonProblems[503],
        },
      },
    },
    async (request, reply) => {
      const { body, fileName, mediaType } = await downloads.open(request.params.token)
      return reply
        .header('content-disposition', contentDisposition(fileName))
        .header('content-security-policy', "sandbox; default-src 'none'")
        .header('cache-control', 'private, no-store')
        .header('referrer-policy', 'no-referrer')
        .type(mediaType)
        .send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    },
  )
}
