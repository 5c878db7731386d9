import { z } from 'zod'
import { hmacSecret, items, number, settings } from './leaf.ts'

/** Settings of who may connect. */
export const authSettings = {
  jwtSecret: hmacSecret().optional().register(settings, {
    env: 'AUTH_JWT_SECRET',
    secret: true,
    group: 'Auth',
    description:
      'HS256 secret of access tokens, at least 32 bytes. Without it and without AUTH_JWKS_URL the server makes one and issues guest tokens on loopback.',
  }),
  jwksUrl: z.url('must be a URL').optional().register(settings, {
    env: 'AUTH_JWKS_URL',
    group: 'Auth',
    description: 'JSON Web Key Set of your identity provider; takes the place of AUTH_JWT_SECRET.',
  }),
  jwtAlgorithms: items()
    .pipe(
      z
        .array(
          z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
        )
        .min(1),
    )
    .default(['RS256', 'ES256', 'EdDSA'])
    .register(settings, {
      env: 'AUTH_JWT_ALGORITHMS',
      group: 'Auth',
      description:
        'Signature algorithms accepted from the key set, comma-separated. With AUTH_JWT_SECRET it is always HS256.',
    }),
  jwtIssuer: z
    .string()
    .min(1)
    .optional()
    .register(settings, { env: 'AUTH_JWT_ISSUER', group: 'Auth', description: 'Required `iss` claim.' }),
  jwtAudience: z
    .string()
    .min(1)
    .optional()
    .register(settings, { env: 'AUTH_JWT_AUDIENCE', group: 'Auth', description: 'Required `aud` claim.' }),
  tokenLeewaySeconds: number(0, 300, 5).register(settings, {
    env: 'AUTH_LEEWAY_SECONDS',
    unit: 's',
    group: 'Auth',
    description: 'Clock difference tolerated in `exp` and `nbf`.',
  }),
}
