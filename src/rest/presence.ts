import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { identityOf } from './authentication.ts'
import { requireRole } from './roles.ts'
import { commonProblems, documentParams, documentProblems } from './schemas.ts'
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

const whereaboutsSchema = z.object({
  documents: z.array(z.object({ name: z.string(), instances: z.array(z.string()) })),
})

/** `/api/documents/:name/presence` and `/api/users/:id/presence` */
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

  app.get(
    '/api/users/:id/presence',
    {
      schema: {
        tags: ['presence'],
        summary: 'Which documents a user has open now, on all instances',
        description: 'Of other users only the documents that the caller may read are listed.',
        params: z.object({ id: z.string().min(1).max(255).describe('User id, percent-encoded.') }),
        response: { 200: whereaboutsSchema, ...commonProblems },
      },
    },
    async (request) => {
      const { id } = request.params
      const identity = identityOf(request)
      const instances = new Map<string, string[]>()
      for (const { documentName, instance } of await services.presence.whereIs(id))
        instances.set(documentName, [...(instances.get(documentName) ?? []), instance])
      const isListed = await Promise.all(
        Array.from(
          instances.keys(),
          async (name) =>
            id === identity.userId || (await services.permissions.roleOf(name, identity)) !== undefined,
        ),
      )
      const documents = Array.from(instances, ([name, on]) => ({ name, instances: on }))
      return { documents: documents.filter((_, index) => isListed[index]) }
    },
  )
}
