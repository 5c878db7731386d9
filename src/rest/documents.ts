import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError, type ErrorCode } from '../../extensions/errors.ts'
import { roleFor, type Identity } from '../../extensions/auth/index.ts'
import { commentsDocumentOf } from '../documents/comments-document.ts'
import { addAuditEntries } from '../store/audit.ts'
import {
  findDocument,
  listDocuments,
  touchDocuments,
  updateDocument,
  type DocumentRow,
} from '../store/documents.ts'
import { actorOf, auditEntry } from './audit.ts'
import { identityOf } from './authentication.ts'
import { requireRole, requireRoleInBin } from './roles.ts'
import {
  bodyProblems,
  commonProblems,
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

const documentSchema = z
  .object({
    name: z.string(),
    title: z.string().nullable(),
    kind: z.string(),
    role: roleSchema.nullable().describe('Of the caller.'),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    deletedAt: timeSchema.nullable().describe('When it was put into the bin.'),
  })
  .meta({ id: 'Document' })

type Role = z.infer<typeof roleSchema>

const view = ({ name, title, kind, createdAt, updatedAt, deletedAt }: DocumentRow, role: Role | null) => ({
  name,
  title,
  kind,
  role,
  createdAt: isoTime(createdAt),
  updatedAt: isoTime(updatedAt),
  deletedAt: deletedAt === null ? null : isoTime(deletedAt),
})

/** `/api/documents`: the list, and what a document is apart from its content. */
export const documentRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { store, documents, eraser, fleet } = services
  const tags = ['documents']

  app.get(
    '/api/documents',
    {
      schema: {
        tags,
        summary: 'List the documents of the caller, those that changed last first',
        querystring: pageQuery.extend({
          bin: z.stringbool().default(false).describe('Those in the bin instead of those in use.'),
        }),
        response: { 200: pageSchema(documentSchema), ...commonProblems },
      },
    },
    async (request) => {
      const identity = identityOf(request)
      const { bin: deleted, ...page } = request.query
      const patterns = Object.keys(identity.documents ?? {})
      const found = await listDocuments(store, { userId: identity.userId, patterns, deleted, ...page })
      return mapPage(found, ({ role, ...row }) => view(row, claimedRole(identity, row.name) ?? role))
    },
  )

  app.get(
    '/api/documents/:name/about',
    {
      schema: {
        tags,
        summary: 'One document as it is in the list',
        params: documentParams,
        response: { 200: documentSchema, ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      const { role } = await requireRoleInBin(services, request, name, 'viewer')
      return view(await existing(name), role)
    },
  )

  app.patch(
    '/api/documents/:name/about',
    {
      schema: {
        tags,
        summary: 'Give a document a title',
        params: documentParams,
        body: z.object({ title: z.string().trim().min(1).max(500).nullable() }),
        response: { 200: documentSchema, ...bodyProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      const { role } = await requireRole(services, request, name, 'editor')
      await existing(name)
      await updateDocument(store.of(name), name, { title: request.body.title })
      return view(await existing(name), role)
    },
  )

  app.delete(
    '/api/documents/:name',
    {
      schema: {
        tags,
        summary: 'Put a document into the bin, or erase it; for owners',
        description:
          'From the bin it can be restored. `mode=erase` removes its content, versions, exports and rows from every store, at once and for good; the name is not free again.',
        params: documentParams,
        querystring: z.object({ mode: z.enum(['bin', 'erase']).default('bin') }),
        response: { 204: z.null().describe('Done.'), ...documentProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      await requireRoleInBin(services, request, name, 'owner')
      if (request.query.mode === 'erase') {
        await eraser.erase(name, actorOf(request))
        return reply.code(204).send(null)
      }
      await existing(name)
      await store.transaction(name, async (tx) => {
        await updateDocument(tx, name, { deletedAt: Date.now() })
        await addAuditEntries(tx, [auditEntry(request, name, 'deleted')])
      })
      await close(name, 'CODRAFT_DOCUMENT_DELETED')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/documents/:name/restore',
    {
      schema: {
        tags,
        summary: 'Take a document out of the bin; for owners',
        params: documentParams,
        response: { 200: documentSchema, ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      const { role } = await requireRoleInBin(services, request, name, 'owner')
      await existing(name)
      await store.transaction(name, async (tx) => {
        await updateDocument(tx, name, { deletedAt: null })
        await addAuditEntries(tx, [auditEntry(request, name, 'undeleted')])
      })
      return view(await existing(name), role)
    },
  )

  app.post(
    '/api/documents/:name/close',
    {
      schema: {
        tags,
        summary: 'Close the document on all instances; for owners',
        description:
          'Closes every connection and takes the document out of memory. Editors reconnect by themselves and load it anew; what they have not saved they send again.',
        params: documentParams,
        response: {
          200: z.object({
            confirmed: z
              .boolean()
              .describe('Whether every instance has done it; the others do it when they are back.'),
          }),
          ...documentProblems,
        },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRoleInBin(services, request, name, 'owner')
      return { confirmed: await close(name, 'CODRAFT_DOCUMENT_CLOSED') }
    },
  )

  const close = async (name: string, errorCode: ErrorCode): Promise<boolean> => {
    const confirmed = await Promise.all(
      [name, commentsDocumentOf(name)].map((documentName) =>
        fleet.publish({ type: 'close', documentName, errorCode }),
      ),
    )
    return confirmed.every(Boolean)
  }

  /** Rows of documents that come by the tokens of an application are written later than their first edit. */
  const foundByContent = async (name: string): Promise<DocumentRow | undefined> => {
    if (!(await documents.hasContent(name))) return undefined
    await touchDocuments(store.of(name), [{ name, at: Date.now() }])
    return findDocument(store.of(name), name)
  }

  const existing = async (name: string): Promise<DocumentRow> => {
    const row = (await findDocument(store.of(name), name)) ?? (await foundByContent(name))
    if (!row) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
    return row
  }
}

/** What the token grants; grants of the store are of no use to a user of an application with its own permissions. */
const claimedRole = ({ documents }: Identity, name: string): Role | undefined =>
  documents && roleFor(documents, name)
