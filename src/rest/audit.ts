import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Actor, AuditAction } from '../documents/audit.ts'
import { listAuditEntries, type AuditEntry } from '../store/audit.ts'
import { identityOf } from './authentication.ts'
import { requireRoleInBin } from './roles.ts'
import {
  documentParams,
  documentProblems,
  isoTime,
  mapPage,
  pageQuery,
  pageSchema,
  timeSchema,
} from './schemas.ts'
import type { RestServices } from './services.ts'

/** Who sent a request, and from where. */
export const actorOf = (request: FastifyRequest): Actor => ({
  userId: identityOf(request).userId,
  address: request.ip,
})

/** The audit entry of what a request does. */
export const auditEntry = (
  request: FastifyRequest,
  documentName: string,
  action: AuditAction,
  detail?: AuditEntry['detail'],
): AuditEntry => ({
  documentName,
  action,
  ...actorOf(request),
  at: Date.now(),
  ...(detail && { detail }),
})

const entrySchema = z
  .object({
    action: z.string(),
    userId: z.string().nullable().describe('null after all of the data of the user was erased.'),
    address: z.string().nullable().describe('Network address that the request came from.'),
    at: timeSchema,
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  })
  .meta({ id: 'AuditEntry' })

/** `/api/documents/:name/audit` */
export const auditRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()

  app.get(
    '/api/documents/:name/audit',
    {
      schema: {
        tags: ['audit'],
        summary: 'Who opened, shared, restored or erased a document, when and from where; for owners',
        params: documentParams,
        querystring: pageQuery,
        response: { 200: pageSchema(entrySchema).describe('The newest first.'), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRoleInBin(services, request, name, 'owner')
      const page = await listAuditEntries(services.store.of(name), name, request.query)
      return mapPage(page, ({ action, userId, address, at, detail }) => ({
        action,
        userId,
        address,
        at: isoTime(at),
        ...(detail && { detail: { ...detail } }),
      }))
    },
  )
}
