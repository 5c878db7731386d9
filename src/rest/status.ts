import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { identityOf } from './authentication.ts'
import { commonProblems, problem } from './schemas.ts'
import type { RestServices } from './services.ts'
import { deadLetterSchema, statusSchema } from './status-schema.ts'

/** `/api/status` and `/api/dead-letters`: for those who operate the server. */
export const statusRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['operation']
  const problems = { ...commonProblems, 403: problem('The caller is not in OPERATORS.') }

  const assertOperator = (request: FastifyRequest): void => {
    if (!services.isOperator(identityOf(request))) throw new CodraftError('CODRAFT_OPERATORS_ONLY')
  }

  app.get(
    '/api/status',
    {
      schema: {
        tags,
        summary: 'How the server is, for operators',
        response: { 200: statusSchema, ...problems },
      },
    },
    (request) => {
      assertOperator(request)
      return services.operation.status()
    },
  )

  app.get(
    '/api/dead-letters',
    {
      schema: {
        tags,
        summary: 'What workers could not handle, for operators',
        response: { 200: z.object({ items: z.array(deadLetterSchema) }), ...problems },
      },
    },
    async (request) => {
      assertOperator(request)
      return { items: await services.operation.deadLetters() }
    },
  )

  app.post(
    '/api/dead-letters/retry',
    {
      schema: {
        tags,
        summary: 'Gives dead letters to their worker again, for operators',
        body: z.object({ ids: z.array(z.string()).min(1).max(1_000) }),
        response: { 204: z.null(), ...problems },
      },
    },
    async (request, reply) => {
      assertOperator(request)
      await services.operation.retryDeadLetters(request.body.ids)
      return reply.code(204).send(null)
    },
  )
}
