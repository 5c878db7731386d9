import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { exportFormats, exportOptionsSchema, type RequestedOptions } from '../exports/index.ts'
import type { ExportRow } from '../store/exports.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { actorOf } from './audit.ts'
import { idempotencyHeaders, idempotently } from './idempotency.ts'
import { requireRole } from './roles.ts'
import {
  bodyProblems,
  documentParams,
  documentProblems,
  isoTime,
  pageQuery,
  pageSchema,
  timeSchema,
} from './schemas.ts'
import type { RestServices } from './services.ts'

const exportSchema = z
  .object({
    id: z.string(),
    document: z.string(),
    format: z.enum(exportFormats),
    state: z.enum(['queued', 'running', 'done', 'failed']),
    progress: z.int().min(0).max(100).describe('Percent.'),
    requestedBy: z.string(),
    createdAt: timeSchema,
    finishedAt: timeSchema.optional(),
    stateVector: z
      .string()
      .optional()
      .describe('Yjs state vector of the document as it was exported, base64.'),
    file: z
      .object({
        name: z.string(),
        bytes: z.int(),
        url: z.string().describe('Fetch it without a token, until `expiresAt`; then ask here for a new one.'),
        expiresAt: timeSchema,
      })
      .optional()
      .describe('When it is done.'),
    notes: z.array(z.string()).optional().describe('What the format could not keep.'),
    error: z
      .object({ code: z.string().describe('As in the reference of errors.'), detail: z.string() })
      .optional()
      .describe('When it has failed.'),
  })
  .meta({ id: 'Export' })

/** `/api/documents/:name/exports` and `/api/exports/:id`: documents as files. */
export const exportRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const { exports, documents } = services
  const tags = ['exports']

  const view = async (row: ExportRow): Promise<z.infer<typeof exportSchema>> => {
    const { id, documentName, state, progress, requestedBy, createdAt, finishedAt } = row
    const link = await exports.link(row)
    return {
      id,
      document: documentName,
      format: row.format as (typeof exportFormats)[number],
      state,
      progress,
      requestedBy,
      createdAt: isoTime(createdAt),
      ...(finishedAt !== null && { finishedAt: isoTime(finishedAt) }),
      ...(row.stateVector !== null && { stateVector: row.stateVector }),
      ...(link && {
        file: {
          name: row.fileName ?? '',
          bytes: row.bytes ?? 0,
          url: link.url,
          expiresAt: isoTime(link.expiresAt),
        },
      }),
      ...(row.notes !== null && { notes: JSON.parse(row.notes) as string[] }),
      ...(row.errorCode !== null && { error: { code: row.errorCode, detail: row.errorDetail ?? '' } }),
    }
  }

  app.post(
    '/api/documents/:name/exports',
    {
      schema: {
        tags,
        summary: 'Ask for the document as a file',
        description:
          'Answers at once; a worker makes the file of the document as it then is. Follow it at the address in `Location`; whoever has asked is told, too.',
        params: documentParams,
        headers: idempotencyHeaders,
        body: z.object({ format: z.enum(exportFormats), options: exportOptionsSchema.default({}) }),
        response: { 202: exportSchema, ...bodyProblems },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { format, options } = request.body
      const { identity } = await requireRole(services, request, name, 'viewer')
      return idempotently(services, request, reply, name, {
        async work() {
          if (!(await documents.hasContent(name))) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
          const by = { ...actorOf(request), userId: identity.userId }
          const row = await exports.request({
            documentName: name,
            format,
            options: options as RequestedOptions,
            by,
          })
          reply.header('location', `/api/exports/${row.id}`)
          return { status: 202, response: await view(row) }
        },
      })
    },
  )

  app.get(
    '/api/documents/:name/exports',
    {
      schema: {
        tags,
        summary: 'List the exports of a document, the newest first',
        params: documentParams,
        querystring: pageQuery,
        response: { 200: pageSchema(exportSchema), ...documentProblems },
      },
    },
    async (request) => {
      const { name } = request.params
      await requireRole(services, request, name, 'viewer')
      const { items, cursor } = await exports.list(name, request.query)
      return { items: await Promise.all(items.map(view)), ...(cursor !== undefined && { cursor }) }
    },
  )

  app.get(
    '/api/exports/:id',
    {
      schema: {
        tags,
        summary: 'How far an export is, and a link to its file',
        params: z.object({ id: z.string().min(1).max(100) }),
        response: { 200: exportSchema, ...documentProblems },
      },
    },
    async (request) => {
      const row = await exports.find(request.params.id)
      await requireRole(services, request, row.documentName, 'viewer')
      return view(row)
    },
  )
}
