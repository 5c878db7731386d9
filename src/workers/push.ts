import { BlockList, isIPv6 } from 'node:net'
import { nameAuthor } from '../notifications/name-author.ts'
import { pushAbout } from '../notifications/push/compose-push.ts'
import { PushSender } from '../notifications/push/PushSender.ts'
import { vapidKeysOf } from '../notifications/push/vapid-keys.ts'
import { recipientOf, wants } from '../notifications/recipients.ts'
import { isNotification } from '../notifications/wording.ts'
import { deletePushSubscription, listPushSubscriptions } from '../store/push-subscriptions.ts'
import type { WorkerServices } from './compose.ts'
import { PermanentFailure, TryLater } from './failures.ts'
import type { Worker } from './Worker.ts'

/** Users choose the addresses, so one that never answers must not hold up the others for long. */
const retry = { attempts: 6, firstMs: 1_000, maxMs: 30_000 }

/** `push`: tells users by Web Push, on each device where they have asked for it. */
export const pushWorker = ({ config, store, publicUrl }: WorkerServices): Worker<'notifications'> => {
  const keys = vapidKeysOf(config)
  const [, sender = 'codraft@localhost'] = /([^\s<>]+@[^\s<>]+?)>?\s*$/.exec(config.mailFrom) ?? []
  const pushSender = new PushSender({
    keys,
    subject: config.vapidSubject ?? `mailto:${sender}`,
    isAllowed: containing(config.pushAllowedAddresses),
  })

  return {
    name: 'push',
    topics: ['notifications'],
    retry,
    async handle(event, { once, logger }) {
      if (!isNotification(event)) return
      const recipient = await recipientOf(store, event)
      const { userId } = recipient
      if (userId === undefined) return
      const db = store.ofUser(userId)
      const subscriptions = await listPushSubscriptions(db, userId)
      if (subscriptions.length === 0 || !(await wants(store, recipient, 'push', event.type))) return
      const message = pushAbout(await nameAuthor(store, event), publicUrl())

      const sendings = subscriptions.map(({ id, serverKey, ...target }) =>
        once(id, async () => {
          const result =
            serverKey === keys.publicKey
              ? await pushSender.send(target, message)
              : ({ kind: 'gone', why: 'it was made for another key of this server' } as const)
          switch (result.kind) {
            case 'sent':
              return
            case 'gone':
              logger.info({ subscription: id, why: result.why }, 'a push subscription is forgotten')
              return deletePushSubscription(db, userId, id)
            case 'refused':
              throw new PermanentFailure(result.why)
            case 'later':
              throw new TryLater(result.why, result.afterMs ?? 0)
          }
        }),
      )
      const results = await Promise.allSettled(sendings)
      throwLeastFinal(results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])))
    },
    stop: () => pushSender.close(),
  }
}

/** While one device may still be reached the event is tried again; the longest wait counts. */
const throwLeastFinal = (errors: readonly unknown[]): void => {
  const waits = errors.filter((error) => error instanceof TryLater).sort((a, b) => b.afterMs - a.afterMs)
  const isTransient = (error: unknown) => !(error instanceof TryLater) && !(error instanceof PermanentFailure)
  const [first] = [...errors.filter(isTransient), ...waits, ...errors]
  if (first !== undefined) throw first
}

/** Whether an address is in a list of addresses and CIDR ranges. */
const containing = (ranges: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList()
  const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    if (bits === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(bits), familyOf(address))
  }
  return (address) => list.check(address, familyOf(address))
}
