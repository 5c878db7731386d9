import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { differenceOf, patchOf } from '../documents/history/difference.ts'
import { readContent } from '../documents/tree/index.ts'
import { addAuditEntries } from '../store/audit.ts'
import { findUsers, type UserRow } from '../store/users.ts'
import type { VersionRow } from '../store/versions.ts'
import { auditEntry } from './audit.ts'
import { contentOf, sendContent } from './content.ts'
import { idempotencyHeaders, idempotently } from './idempotency.ts'
import { editorOf, requireRole } from './roles.ts'
import {
  bodyProblems,
  contentResponse,
  documentParams,
  documentProblems,
  formatQuery,
  isoTime,
  mapPage,
  pageQuery,
  pageSchema,
  timeSchema,
} from './schemas.ts'
import type { RestServices } from './services.ts'

const labelSchema = z.string().trim().min(1).max(200)

const versionSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['manual', 'automatic']),
    label: z.string().nullable(),
    authorId: z.string().nullable().describe('Who made it, or the last edit in it.'),
    authorName: z.string().nullable(),
    createdAt: timeSchema,
    bytes: z.int().describe('Size of the Yjs state.'),
  })
  .meta({ id: 'Version' })

const versionParams = documentParams.extend({ id: z.string().min(1).max(100) })

const view = (
  { id, kind, label, authorId, createdAt, bytes }: VersionRow,
  users: ReadonlyMap<string, UserRow>,
) => ({
  id,
  kind,
  label,
  authorId,
  authorName: users.get(authorId ?? '')?.name ?? null,
  createdAt: isoTime(createdAt),
  bytes,
})

const changeSchema = z.object({ kind: z.enum(['same', 'inserted', 'deleted']), text: z.string() })

/** `/api/documents/:name/versions`: the history of a document. */
export const versionRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { history, documents, store } = services
  const tags = ['history']

  const withAuthor = async (version: VersionRow) => view(version, await findUsers(store, [version.authorId]))

  app.get(
    '/api/documents/:name/versions',
    {
      schema: {
        tags,
        summary: 'List versions, the newest first',
        params: documentParams,
        querystring: pageQuery,
        response: { 200: pageSchema(versionSchema), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const page = await history.list(name, request.query)
      const users = await findUsers(
        store,
        page.items.map(({ authorId }) => authorId),
      )
      return mapPage(page, (version) => view(version, users))
    },
  )

  app.post(
    '/api/documents/:name/versions',
    {
      schema: {
        tags,
        summary: 'Keep the document as it is now',
        params: documentParams,
        headers: idempotencyHeaders,
        body: z.object({ label: labelSchema.optional() }),
        response: { 201: versionSchema, ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { identity } = await requireRole(services, request, name, 'editor')
      return idempotently(services, request, reply, name, {
        async work() {
          const { userId: authorId } = identity
          const { label } = request.body
          const version = await history.create(name, { kind: 'manual', authorId, label })
          return { status: 201, response: await withAuthor(version) }
        },
      })
    },
  )

  app.get(
    '/api/documents/:name/versions/:id',
    {
      schema: {
        tags,
        summary: 'One version, without its content',
        params: versionParams,
        response: { 200: versionSchema, ...documentProblems },
      },
    },
    async (request) => {
      const { name, id } = request.params
      await requireRole(services, request, name, 'viewer')
      return withAuthor(await history.find(name, id))
    },
  )

  app.patch(
    '/api/documents/:name/versions/:id',
    {
      schema: {
        tags,
        summary: 'Name a version, which keeps it, or take its name away',
        params: versionParams,
        body: z.object({ label: labelSchema.nullable() }),
        response: { 200: versionSchema, ...bodyProblems },
      },
    },
    async (request) => {
      const { name, id } = request.params
      await requireRole(services, request, name, 'editor')
      await history.relabel(name, id, request.body.label)
      return withAuthor(await history.find(name, id))
    },
  )

  app.delete(
    '/api/documents/:name/versions/:id',
    {
      schema: {
        tags,
        summary: 'Delete a version; for owners',
        params: versionParams,
        response: { 204: z.null().describe('Deleted.'), ...documentProblems },
      },
    },
    async (request, reply) => {
      const { name, id } = request.params
      await requireRole(services, request, name, 'owner')
      await history.delete(name, id)
      await addAuditEntries(store.of(name), [auditEntry(request, name, 'version deleted', { version: id })])
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/documents/:name/versions/:id/content',
    {
      schema: {
        tags,
        summary: 'Read the document as it was',
        params: versionParams,
        querystring: formatQuery,
        response: { 200: contentResponse, ...documentProblems },
      },
    },
    async (request, reply) => {
      const { name, id } = request.params
      await requireRole(services, request, name, 'viewer')
      const content = await history.read(name, id, (document) => contentOf(document, request.query.format))
      return sendContent(reply, content)
    },
  )

  app.get(
    '/api/documents/:name/versions/:id/difference',
    {
      schema: {
        tags,
        summary: 'What has changed since a version',
        description: 'Up to another version, or up to now.',
        params: versionParams,
        querystring: z.object({
          to: z.string().max(100).default('now').describe('Id of the other version, or `now`.'),
          format: z.enum(['json', 'patch']).default('json').describe('`patch` is the form of `diff -u`.'),
          content: z
            .enum(['md', 'text'])
            .default('md')
            .describe('What is compared: Markdown, or the text alone.'),
        }),
        response: {
          200: {
            description: 'Parts in their order; those that are the same or inserted make up the newer text.',
            content: {
              'application/json': { schema: z.object({ changes: z.array(changeSchema) }) },
              'text/plain': { schema: z.string() },
            },
          },
          ...documentProblems,
        },
      },
    },
    async (request, reply) => {
      const { name, id } = request.params
      const { to, format, content } = request.query
      await requireRole(services, request, name, 'viewer')
      const before = await history.read(name, id, (document) => readContent(document, content))
      const after =
        to === 'now'
          ? await documents.read(name, (document) => readContent(document, content))
          : await history.read(name, to, (document) => readContent(document, content))
      if (after === undefined) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
      if (format === 'json') return reply.send({ changes: differenceOf(before, after) })
      const patch = patchOf({ title: id, text: before }, { title: to, text: after })
      return reply.type('text/plain; charset=utf-8').send(patch)
    },
  )

  app.post(
    '/api/documents/:name/versions/:id/restore',
    {
      schema: {
        tags,
        summary: 'Make the document read again as it did',
        description:
          'An edit like any other: open editors see it happen, what they type meanwhile merges with it, and what was there before is a version of its own.',
        params: versionParams,
        headers: idempotencyHeaders,
        response: {
          200: z.object({ before: versionSchema.describe('What was there before.').optional() }),
          ...bodyProblems,
        },
      },
    },
    async (request, reply) => {
      const { name, id } = request.params
      const caller = await requireRole(services, request, name, 'editor')
      return idempotently(services, request, reply, name, {
        async work(opId) {
          const before = await history.restore(name, id, editorOf(caller, opId))
          await addAuditEntries(store.of(name), [auditEntry(request, name, 'restored', { version: id })])
          return { status: 200, response: { before: await withAuthor(before) } }
        },
        repeated: async () => ({ status: 200, response: {} }),
      })
    },
  )
}
