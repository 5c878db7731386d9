import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Unsubscription } from '../notifications/UnsubscribeLinks.ts'
import { putPreference } from '../store/preferences.ts'
import { commonProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

const what: Readonly<Record<Unsubscription['type'], string>> = {
  'document.shared': 'mails about documents that are shared with you',
  'user.mentioned': 'mails about mentions of you',
  'export.ready': 'mails about files that are ready',
  'document.changed': 'mails about edits of your documents',
  '*': 'all mails of this server',
}

const page = (heading: string, content: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <title>codraft</title>
    <style>
      body { max-width: 32rem; margin: 18vh auto 0; padding: 0 24px; font: 16px/1.55 system-ui, sans-serif }
      h1 { font-size: 1.3rem; line-height: 1.35 }
      button { padding: 11px 20px; border: 0; border-radius: 8px; background: #0b6e5f; color: #fff; font: 600 15px system-ui, sans-serif; cursor: pointer }
    </style>
  </head>
  <body>
    <h1>${heading}</h1>
    ${content}
  </body>
</html>
`

const problems = { 400: commonProblems[400], 429: commonProblems[429], 503: commonProblems[503] }

const html = (description: string) => ({ description, content: { 'text/html': { schema: z.string() } } })

const querystring = z.object({ token: z.string().min(1).max(4_096) })

/**
 * `/api/notifications/unsubscribe`: without a token of access, for whoever has the link of a mail. Programs that look
 * at links in mails open them, so opening it changes nothing (RFC 8058).
 */
export const unsubscribeRoutes = (open: FastifyInstance, { store, unsubscribing }: RestServices): void => {
  const app = open.withTypeProvider<ZodTypeProvider>()
  const tags = ['notifications']
  const security: [] = []
  // What mail programs post says nothing that the link does not say.
  app.addContentTypeParser(
    ['application/x-www-form-urlencoded', 'multipart/form-data'],
    { bodyLimit: 4_096 },
    (_request, payload, done) => {
      payload.resume()
      done(null)
    },
  )

  app.get(
    '/api/notifications/unsubscribe',
    {
      schema: {
        tags,
        security,
        summary: 'The page that asks whether mails are to end',
        querystring,
        response: { 200: html('A page with a button.'), ...problems },
      },
    },
    async (request, reply) => {
      const { type } = await unsubscribing.verify(request.query.token)
      return reply
        .type('text/html; charset=utf-8')
        .send(
          page(
            `Do you want to end ${what[type]}?`,
            '<form method="post"><button type="submit">Unsubscribe</button></form>',
          ),
        )
    },
  )

  app.post(
    '/api/notifications/unsubscribe',
    {
      schema: {
        tags,
        security,
        summary: 'End mails, as the link of a mail says',
        querystring,
        response: { 200: html('They have ended.'), ...problems },
      },
    },
    async (request, reply) => {
      const { owner, type } = await unsubscribing.verify(request.query.token)
      await putPreference(store.ofUser(owner), owner, { channel: 'email', type, enabled: false }, Date.now())
      return reply
        .type('text/html; charset=utf-8')
        .send(
          page(
            'You are unsubscribed',
            `<p>You will get no more of ${what[type]}. Signed in, you can turn them on again.</p>`,
          ),
        )
    },
  )
}
