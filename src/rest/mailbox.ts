import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { listCapturedMails } from '../store/captured-mails.ts'
import { identityOf } from './authentication.ts'
import { commonProblems, isoTime, mapPage, pageQuery, pageSchema, problem, timeSchema } from './schemas.ts'
import type { RestServices } from './services.ts'

const mailSchema = z
  .object({
    id: z.string(),
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    html: z.string(),
    at: timeSchema,
  })
  .meta({ id: 'CapturedMail' })

/** `/api/mailbox` */
export const mailboxRoutes = (api: FastifyInstance, { store, isOperator }: RestServices): void => {
  api.withTypeProvider<ZodTypeProvider>().get(
    '/api/mailbox',
    {
      schema: {
        tags: ['operation'],
        summary: 'Mails that were not sent, the newest first; for operators',
        description:
          'Without SMTP_URL mails are kept here, the last 1000 of them. Where the page lets guests in, guests may read them.',
        querystring: pageQuery,
        response: {
          200: pageSchema(mailSchema),
          ...commonProblems,
          403: problem('The caller is not in OPERATORS.'),
        },
      },
    },
    async (request) => {
      if (!isOperator(identityOf(request))) throw new CodraftError('CODRAFT_OPERATORS_ONLY')
      return mapPage(await listCapturedMails(store, request.query), ({ recipient, at, ...mail }) => ({
        ...mail,
        to: recipient,
        at: isoTime(at),
      }))
    },
  )
}
