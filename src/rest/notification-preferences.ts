import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { addressOwner, channels, isEnabled } from '../notifications/recipients.ts'
import { notificationTypes } from '../notifications/wording.ts'
import { listPreferences, putPreference } from '../store/preferences.ts'
import { identityOf } from './authentication.ts'
import { commonProblems } from './schemas.ts'
import type { RestServices } from './services.ts'

const preferenceSchema = z
  .object({
    channel: z.enum(channels),
    type: z.enum(notificationTypes),
    enabled: z.boolean(),
  })
  .meta({ id: 'NotificationPreference' })

const preferencesSchema = z.object({ items: z.array(preferenceSchema).max(100) })

/** `/api/notifications/preferences` */
export const notificationPreferenceRoutes = (api: FastifyInstance, { store }: RestServices): void => {
  const app = api.withTypeProvider<ZodTypeProvider>()
  const tags = ['notifications']

  const ownersOf = (userId: string, email: string | undefined): string[] => [
    userId,
    ...(email === undefined ? [] : [addressOwner(email)]),
  ]

  const preferencesOf = async (userId: string, email: string | undefined) => {
    const said = await Promise.all(
      ownersOf(userId, email).map((owner) => listPreferences(store.ofUser(owner), owner)),
    )
    return channels.flatMap((channel) =>
      notificationTypes.map((type) => ({
        channel,
        type,
        enabled: said.every((preferences) => isEnabled(preferences, channel, type)),
      })),
    )
  }

  app.get(
    '/api/notifications/preferences',
    {
      schema: {
        tags,
        summary: 'Of what the caller is told, and how',
        description: 'Everything is on until somebody turns it off.',
        response: { 200: preferencesSchema, ...commonProblems },
      },
    },
    async (request) => {
      const { userId, email } = identityOf(request)
      return { items: await preferencesOf(userId, email) }
    },
  )

  app.put(
    '/api/notifications/preferences',
    {
      schema: {
        tags,
        summary: 'Turn notifications of the caller on or off',
        description: 'What the body does not name stays as it is.',
        body: preferencesSchema,
        response: { 200: preferencesSchema, ...commonProblems },
      },
    },
    async (request) => {
      const { userId, email } = identityOf(request)
      const at = Date.now()
      // Whoever signs in with an address decides about it: the link of a mail may have turned something off.
      for (const owner of ownersOf(userId, email))
        for (const preference of request.body.items)
          await putPreference(store.ofUser(owner), owner, preference, at)
      return { items: await preferencesOf(userId, email) }
    },
  )
}
