import type { EventOn } from '../../extensions/events/index.ts'
import type { Config } from '../config.ts'
import { CapturedMailbox } from '../notifications/mail/CapturedMailbox.ts'
import { Mailer } from '../notifications/mail/Mailer.ts'
import { MailRefused, MailServiceDown, type MailTransport } from '../notifications/mail/MailTransport.ts'
import { SmtpTransport } from '../notifications/mail/SmtpTransport.ts'
import { UnsubscribeLinks } from '../notifications/UnsubscribeLinks.ts'
import { linkSecretOf } from '../secret.ts'
import type { Store } from '../store/Store.ts'
import type { WorkerServices } from './compose.ts'
import { DependencyDown, PermanentFailure } from './failures.ts'
import type { Worker, WorkerContext } from './Worker.ts'

/** A recipient's server may want to see the same mail again some minutes later (greylisting). */
const retry = { attempts: 12, firstMs: 2_000, maxMs: 600_000 }

const maxDigestDelayMs = 5_000

/** `email`: tells people by mail, or keeps the mails in the store where no SMTP server is set. */
export const emailWorker = ({
  config,
  logger,
  store,
  publicUrl,
}: WorkerServices): Worker<'notifications'> => {
  const mailer = new Mailer({
    store,
    transport: transportOf(config, store),
    links: new UnsubscribeLinks({ secret: linkSecretOf(config), publicUrl }),
    publicUrl,
    quietMs: config.mailQuietMs,
    changesWaitMs: config.mailChangesWaitMs,
  })
  const everyMs = Math.max(
    100,
    Math.min(maxDigestDelayMs, config.mailQuietMs / 4, config.mailChangesWaitMs / 4),
  )
  let timer: NodeJS.Timeout | undefined
  let publishing: Promise<void> = Promise.resolve()
  const publishDigests = (): void => {
    publishing = mailer
      .publishDigests(Date.now())
      .catch((err: unknown) => logger.warn({ err }, 'digests cannot be made yet'))
      .then(() => {
        if (timer) timer = setTimeout(publishDigests, everyMs).unref()
      })
  }

  return {
    name: 'email',
    topics: ['notifications'],
    retry,
    start() {
      timer = setTimeout(publishDigests, everyMs).unref()
    },
    handle: (event, context) => deliver(mailer, event, context),
    async stop() {
      clearTimeout(timer)
      timer = undefined
      await publishing
      await mailer.close()
    },
  }
}

const deliver = async (
  mailer: Mailer,
  event: EventOn<'notifications'>,
  { logger, isRepeat }: WorkerContext,
): Promise<void> => {
  if (isRepeat)
    logger.warn({ event: event.id }, 'a mail may be sent twice: a process ended while it was sent')
  try {
    await mailer.deliver(event)
  } catch (error) {
    if (error instanceof MailServiceDown) throw new DependencyDown(`SMTP: ${error.message}`, { cause: error })
    if (error instanceof MailRefused) throw new PermanentFailure(`SMTP: ${error.message}`, { cause: error })
    throw error
  }
}

const transportOf = (config: Config, store: Store): MailTransport => {
  const { smtpUrl: url, mailFrom: from, smtpRequireTls: requireTls } = config
  if (url === undefined) return new CapturedMailbox(store)
  const { dkimDomain: domain, dkimSelector: selector, dkimPrivateKey: privateKey } = config
  const hasDkim = domain !== undefined && selector !== undefined && privateKey !== undefined
  return new SmtpTransport({
    url,
    from,
    requireTls,
    dkim: hasDkim ? { domain, selector, privateKey } : undefined,
  })
}
