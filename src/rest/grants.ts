import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { listGrants, type Grant } from '../store/grants.ts'
import { actorOf } from './audit.ts'
import { requireRole } from './roles.ts'
import { bodyProblems, documentParams, documentProblems, isoTime, roleSchema, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

const grantSchema = z
  .object({
    userId: z.string(),
    role: roleSchema,
    grantedBy: z.string().nullable(),
    grantedAt: timeSchema,
  })
  .meta({ id: 'Grant' })

const view = ({ userId, role, grantedBy, grantedAt }: Grant) => ({
  userId,
  role,
  grantedBy,
  grantedAt: isoTime(grantedAt),
})

const userParams = documentParams.extend({ userId: z.string().min(1).max(255) })

/** `/api/documents/:name/grants`: who has which role. */
export const grantRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { store, permissions } = services
  const tags = ['sharing']

  app.get(
    '/api/documents/:name/grants',
    {
      schema: {
        tags,
        summary: 'Who has which role on a document; for owners',
        params: documentParams,
        response: { 200: z.object({ items: z.array(grantSchema) }), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'owner')
      return { items: (await listGrants(store.of(name), name)).map(view) }
    },
  )

  app.put(
    '/api/documents/:name/grants/:userId',
    {
      schema: {
        tags,
        summary: 'Give a user a role, instead of the one that the user has; for owners',
        description: 'Takes effect on open connections before it is answered.',
        params: userParams,
        body: z.object({ role: roleSchema }),
        response: { 200: z.object({ userId: z.string(), role: roleSchema }), ...bodyProblems },
      },
    },
    async (request) => {
      const { name, userId } = request.params
      const { role } = request.body
      await requireRole(services, request, name, 'owner')
      await permissions.change({ documentName: name, userId, role, actor: actorOf(request) })
      return { userId, role }
    },
  )

  app.delete(
    '/api/documents/:name/grants/:userId',
    {
      schema: {
        tags,
        summary: 'Take away the role of a user; for owners, and for users themselves',
        description: 'Open connections of the user are closed before it is answered.',
        params: userParams,
        response: { 204: z.null().describe('Done.'), ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name, userId } = request.params
      const { identity, role } = await requireRole(services, request, name, 'viewer')
      if (role !== 'owner' && identity.userId !== userId)
        throw new CodraftError('CODRAFT_ROLE_INSUFFICIENT', 'needs the role owner')
      await permissions.change({ documentName: name, userId, role: null, actor: actorOf(request) })
      return reply.code(204).send(null)
    },
  )
}
