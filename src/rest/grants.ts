import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Identity, Role } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { newEvent } from '../../extensions/events/index.ts'
import { findDocument } from '../store/documents.ts'
import { listGrants, type Grant } from '../store/grants.ts'
import { addEvent } from '../store/outbox.ts'
import type { StoreDatabase } from '../store/schema.ts'
import { findUsers, type UserRow } from '../store/users.ts'
import { actorOf } from './audit.ts'
import { identityOf } from './authentication.ts'
import { requireRole } from './roles.ts'
import { bodyProblems, documentParams, documentProblems, isoTime, roleSchema, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

const grantSchema = z
  .object({
    userId: z.string(),
    name: z.string().nullable().describe('As the last token of the user said; null before the first.'),
    email: z.string().nullable(),
    role: roleSchema,
    grantedBy: z.string().nullable(),
    grantedAt: timeSchema,
  })
  .meta({ id: 'Grant' })

const personSchema = grantSchema.pick({ userId: true, name: true, role: true }).meta({ id: 'Person' })

const view = ({ userId, role, grantedBy, grantedAt }: Grant, user: UserRow | undefined) => ({
  userId,
  name: user?.name ?? null,
  email: user?.email ?? null,
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
      const grants = await listGrants(store.of(name), name)
      const users = await findUsers(
        store,
        grants.map(({ userId }) => userId),
      )
      return { items: grants.map((grant) => view(grant, users.get(grant.userId))) }
    },
  )

  app.get(
    '/api/documents/:name/people',
    {
      schema: {
        tags,
        summary: 'Who has a role on a document, for everybody who may read it',
        description: 'Users of an application that keeps roles in its tokens are not among them.',
        params: documentParams,
        response: { 200: z.object({ items: z.array(personSchema) }), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const grants = await listGrants(store.of(name), name)
      const users = await findUsers(
        store,
        grants.map(({ userId }) => userId),
      )
      return {
        items: grants.map(({ userId, role }) => ({ userId, name: users.get(userId)?.name ?? null, role })),
      }
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
      await permissions.change({
        documentName: name,
        userId,
        role,
        actor: actorOf(request),
        alongside: (tx) => tellOfRole(tx, { name, userId, role, by: identityOf(request) }),
      })
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

interface GivenRole {
  readonly name: string
  readonly userId: string
  readonly role: Role
  readonly by: Identity
}

/** Lets a user know of a role that somebody else has given. */
const tellOfRole = async (tx: StoreDatabase, { name, userId, role, by }: GivenRole): Promise<void> => {
  if (by.userId === userId) return
  const title = (await findDocument(tx, name))?.title
  const event = newEvent('document.shared', {
    documentName: name,
    userId,
    data: {
      role,
      by: { id: by.userId, ...(by.name !== undefined && { name: by.name }) },
      ...(typeof title === 'string' && { title }),
    },
  })
  await addEvent(tx, event)
}
