import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { identityOf } from './authentication.ts'
import { commonProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

/** `/api/users/me` */
export const userRoutes = (api: FastifyInstance, services: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()

  app.delete(
    '/api/users/me',
    {
      schema: {
        tags: ['users'],
        summary: 'Erase all data of the caller',
        description:
          'Erases every document that the caller alone owns, at once and for good, and every row about the caller. What the caller wrote in documents of others stays theirs; audit entries stay, without user and address.',
        response: {
          200: z.object({ documents: z.array(z.string()).describe('Names of the erased documents.') }),
          ...commonProblems,
        },
      },
    },
    async (request) => {
      const { userId } = identityOf(request)
      // Neither the user nor the address of the request may remain in the audit entries of what is erased.
      return { documents: await services.eraser.eraseUser(userId, { userId: null, address: null }) }
    },
  )
}
