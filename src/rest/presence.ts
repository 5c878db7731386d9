import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { requireRole } from './roles.ts'
import { documentParams, documentProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

const usersSchema = z.object({
  users: z.array(
    z.object({
      userId: z.string(),
      name: z.string().optional(),
      connections: z.int().describe('Tabs and devices; one user is listed once.'),
    }),
  ),
})

/** `/api/documents/:name/presence` */
export const presenceRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/api/documents/:name/presence',
    {
      schema: {
        tags: ['presence'],
        summary: 'Who has a document open now',
        params: documentParams,
        response: { 200: usersSchema, ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      return { users: await services.presence.users(name) }
    },
  )
}
