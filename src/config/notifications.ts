import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { flag, list, number, settings } from './leaf.ts'

const group = 'Notifications'

const isAddressOrRange = (text: string): boolean => ipaddr.isValid(text) || ipaddr.isValidCIDR(text)

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
  changesPauseMs: number(0, 2_592_000_000, 1_800_000).register(settings, {
    env: 'CHANGES_PAUSE_MS',
    unit: 'ms',
    group,
    description:
      'Those who watch a document are told of the first edit of somebody else after this long without any.',
  }),
  vapidPublicKey: z
    .string()
    .regex(
      /^B[\w-]{86}$/,
      'must be 65 bytes in base64url; make a pair with: npx web-push generate-vapid-keys',
    )
    .optional()
    .register(settings, {
      env: 'VAPID_PUBLIC_KEY',
      group,
      description:
        'Public key that browsers subscribe with (Web Push). Default: a pair made of the secret that signs links, the same on every instance.',
    }),
  vapidPrivateKey: z
    .string()
    .regex(/^[\w-]{43}$/, 'must be 32 bytes in base64url')
    .optional()
    .register(settings, {
      env: 'VAPID_PRIVATE_KEY',
      secret: true,
      group,
      description: 'Private key of VAPID_PUBLIC_KEY: signs the requests to push services.',
    }),
  vapidSubject: z
    .string()
    .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must be a mailto: or https: address')
    .optional()
    .register(settings, {
      env: 'VAPID_SUBJECT',
      group,
      description: 'Whom push services write to about this server: mailto: or https:. Default: MAIL_FROM.',
    }),
  pushAllowedAddresses: list()
    .refine((ranges) => ranges.every(isAddressOrRange), 'must be addresses or CIDR ranges')
    .register(settings, {
      env: 'PUSH_ALLOWED_ADDRESSES',
      group,
      description:
        'Addresses or CIDR ranges, comma-separated, of push services in your own network. Requests to any other address that is not public are refused.',
    }),
  operators: list().register(settings, {
    env: 'OPERATORS',
    group,
    description:
      'User ids (`sub` of the token) of those who may see what concerns the server as a whole, comma-separated.',
  }),
}
