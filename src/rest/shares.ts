import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { newEvent } from '../../extensions/events/index.ts'
import { addAuditEntries } from '../store/audit.ts'
import { findDocument } from '../store/documents.ts'
import {
  createInvitation,
  findInvitation,
  listInvitations,
  revokeInvitation,
  type Invitation,
} from '../store/invitations.ts'
import { addEvent } from '../store/outbox.ts'
import { actorOf, auditEntry } from './audit.ts'
import { identityOf } from './authentication.ts'
import { idempotencyHeaders, idempotently } from './idempotency.ts'
import { requireRole } from './roles.ts'
import {
  bodyProblems,
  documentParams,
  documentProblems,
  isoTime,
  mapPage,
  pageQuery,
  pageSchema,
  roleSchema,
  timeSchema,
} from './schemas.ts'
import type { RestServices } from './services.ts'

const lifetimeMs = 14 * 24 * 3_600_000

const invitationSchema = z
  .object({
    id: z.string(),
    document: z.string(),
    email: z.string(),
    role: roleSchema,
    state: z.enum(['pending', 'accepted', 'revoked']),
    invitedBy: z.string(),
    createdAt: timeSchema,
    expiresAt: timeSchema,
  })
  .meta({ id: 'Invitation' })

/** Whoever has invited may pass the link on as well. */
const newInvitationSchema = invitationSchema
  .extend({ url: z.url().describe('The link of the e-mail.') })
  .meta({ id: 'NewInvitation' })

const view = ({ id, documentName, email, role, state, invitedBy, createdAt, expiresAt }: Invitation) => ({
  id,
  document: documentName,
  email,
  role,
  state,
  invitedBy,
  createdAt: isoTime(createdAt),
  expiresAt: isoTime(expiresAt),
})

/** Invitations by e-mail, and their acceptance. */
export const shareRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { store, invitations, permissions } = services
  const tags = ['sharing']

  app.post(
    '/api/documents/:name/share',
    {
      schema: {
        tags,
        summary: 'Invite somebody by e-mail; for owners',
        description:
          'Answers at once: the e-mail is sent in the background. Whoever opens its link while signed in gets the role.',
        params: documentParams,
        headers: idempotencyHeaders,
        body: z.object({
          email: z.email().max(320),
          role: roleSchema,
          message: z.string().max(2_000).optional(),
        }),
        response: { 201: newInvitationSchema, ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { identity } = await requireRole(services, request, name, 'owner')
      return idempotently(services, request, reply, name, {
        async work() {
          const { email, role, message } = request.body
          const at = Date.now()
          const draft = { id: randomUUID(), documentName: name, email, role, invitedBy: identity.userId }
          const url = await invitations.linkTo({ ...draft, expiresAt: at + lifetimeMs })
          const invitation = await store.transaction(name, async (tx) => {
            const row = await createInvitation(tx, { ...draft, createdAt: at, expiresAt: at + lifetimeMs })
            const title = (await findDocument(tx, name))?.title
            const event = newEvent('document.shared', {
              documentName: name,
              data: {
                role,
                by: { id: identity.userId, ...(identity.name !== undefined && { name: identity.name }) },
                email,
                url,
                ...(typeof title === 'string' && { title }),
                ...(message !== undefined && { message }),
              },
            })
            await addEvent(tx, event)
            await addAuditEntries(tx, [auditEntry(request, name, 'invited', { role })])
            return row
          })
          return { status: 201, response: { ...view(invitation), url } }
        },
      })
    },
  )

  app.get(
    '/api/documents/:name/invitations',
    {
      schema: {
        tags,
        summary: 'List invitations, the newest first; for owners',
        params: documentParams,
        querystring: pageQuery,
        response: { 200: pageSchema(invitationSchema), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'owner')
      return mapPage(await listInvitations(store.of(name), name, request.query), view)
    },
  )

  app.delete(
    '/api/documents/:name/invitations/:id',
    {
      schema: {
        tags,
        summary: 'Withdraw an invitation that was not accepted yet; for owners',
        params: documentParams.extend({ id: z.string().min(1).max(100) }),
        response: { 204: z.null().describe('Withdrawn.'), ...documentProblems },
      },
    },
    async (request, reply) => {
      const { name, id } = request.params
      await requireRole(services, request, name, 'owner')
      const invitation = await findInvitation(store.of(name), id)
      if (invitation?.documentName !== name || !(await revokeInvitation(store.of(name), id)))
        throw new CodraftError('CODRAFT_INVITATION_INVALID')
      await addAuditEntries(store.of(name), [auditEntry(request, name, 'uninvited', { invitation: id })])
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/invitations/accept',
    {
      schema: {
        tags,
        summary: 'Accept an invitation',
        description:
          'With the token of the link in the e-mail; the caller gets the role, and keeps a higher one.',
        body: z.object({ token: z.string().min(1).max(4_096) }),
        response: { 200: z.object({ document: z.string(), role: roleSchema }), ...bodyProblems },
      },
    },
    async (request) => {
      const { id: invitationId, documentName } = await invitations.verify(request.body.token)
      const identity = identityOf(request)
      // The same person may open the link again.
      const invitation = await findInvitation(store.of(documentName), invitationId)
      const isRepeated = invitation?.state === 'accepted' && invitation.acceptedBy === identity.userId
      const { address } = actorOf(request)
      const role = isRepeated
        ? await permissions.roleOf(documentName, identity)
        : await permissions.accept({ documentName, invitationId, identity, address })
      if (!role) throw new CodraftError('CODRAFT_INVITATION_INVALID')
      return { document: documentName, role }
    },
  )
}
