import { z } from 'zod'
import { hmacSecret, number, settings } from './leaf.ts'

/** Settings of the HTTP API. */
export const restSettings = {
  publicUrl: z
    .url('must be a URL')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .register(settings, {
      env: 'PUBLIC_URL',
      group: 'REST',
      description:
        'Address under which people reach this server, for links in mails. Default: the one it listens on.',
    }),
  linkSecret: hmacSecret().optional().register(settings, {
    env: 'LINK_SECRET',
    secret: true,
    group: 'REST',
    description:
      'Signs the links of invitations, the same on every instance. Default: AUTH_JWT_SECRET, else one made in the data folder.',
  }),
  restMaxBodyBytes: number(1_024, 1 << 30, 32 * 1024 * 1024).register(settings, {
    env: 'REST_MAX_BODY_BYTES',
    unit: 'bytes',
    group: 'REST',
    description: 'Largest document that one request may bring; updates are limited by MAX_UPDATE_BYTES.',
  }),
  restMaxRequestsPerMinute: number(1, 100_000_000, 6_000).register(settings, {
    env: 'REST_MAX_REQUESTS_PER_MINUTE',
    group: 'REST',
    description: 'Requests to /api of one user a minute, on each instance; past it the answer is 429.',
  }),
  restWriteDeadlineMs: number(100, 600_000, 15_000).register(settings, {
    env: 'REST_WRITE_DEADLINE_MS',
    unit: 'ms',
    group: 'REST',
    description: 'How long a request waits for its edit to become durable; past it the answer is 503.',
  }),
}
