import { z } from 'zod'
import { flag, list, number, settings } from './config-leaf.ts'

const group = 'Notifications'

/** Settings of notifications: mail and push, and when people are told. */
export const notificationSettings = {
  smtpUrl: z
    .string()
    .regex(
      /^smtps?:\/\/[^\s/]+/,
      'must be smtp://user:password@host:port, or smtps:// for TLS from the first byte',
    )
    .optional()
    .register(settings, {
      env: 'SMTP_URL',
      secret: true,
      group,
      description:
        'Server that sends the mails: smtp://user:password@host:587, or smtps:// for TLS from the first byte. Without it mails are kept in the store, for operators to read.',
    }),
  smtpRequireTls: flag(false).register(settings, {
    env: 'SMTP_REQUIRE_TLS',
    group,
    description:
      'Whether nothing is sent to a server that does not offer STARTTLS: true or false. TLS is used wherever it is offered.',
  }),
  mailFrom: z.string().min(3).max(320).default('codraft <codraft@localhost>').register(settings, {
    env: 'MAIL_FROM',
    group,
    description: 'Sender of mails: an address, or a name and the address in < >.',
  }),
  dkimDomain: z.string().min(1).optional().register(settings, {
    env: 'DKIM_DOMAIN',
    group,
    description: 'Domain that mails are signed for (DKIM).',
  }),
  dkimSelector: z.string().min(1).optional().register(settings, {
    env: 'DKIM_SELECTOR',
    group,
    description: 'Where the public key is in the DNS: <selector>._domainkey.<domain>.',
  }),
  dkimPrivateKey: z
    .string()
    .transform((text) => text.replaceAll(String.raw`\n`, '\n'))
    .refine((text) => text.includes('PRIVATE KEY-----'), 'must be a private key in PEM, line ends as \\n')
    .optional()
    .register(settings, {
      env: 'DKIM_PRIVATE_KEY',
      secret: true,
      group,
      description: 'Private key that signs mails: PEM, its line ends may be written as \\n.',
    }),
  mailQuietMs: number(0, 86_400_000, 60_000).register(settings, {
    env: 'MAIL_QUIET_MS',
    unit: 'ms',
    group,
    description:
      'Whoever got a mail gets the next one no sooner than after this; what happens meanwhile comes in one digest.',
  }),
  mailChangesWaitMs: number(0, 604_800_000, 900_000).register(settings, {
    env: 'MAIL_CHANGES_WAIT_MS',
    unit: 'ms',
    group,
    description: 'News of edits are gathered this long for one mail.',
  }),
  operators: list().register(settings, {
    env: 'OPERATORS',
    group,
    description:
      'User ids (`sub` of the token) of those who may see what concerns the server as a whole, comma-separated.',
  }),
}
