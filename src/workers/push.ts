import { BlockList, isIPv6 } from 'node:net'
import { nameAuthor } from '../notifications/name-author.ts'
import { pushAbout } from '../notifications/push/compose-push.ts'
import { PushSender } from '../notifications/push/PushSender.ts'
import { vapidKeysOf } from '../notifications/push/vapid-keys.ts'
import { recipientOf, wants } from '../notifications/recipients.ts'
import { isNotification, type Notification } from '../notifications/wording.ts'
import {
  deletePushSubscription,
  findPushSubscription,
  listPushSubscriptions,
} from '../store/push-subscriptions.ts'
import type { WorkerServices } from './compose.ts'
import { PermanentFailure, TryLater } from './failures.ts'
import type { Worker } from './Worker.ts'

const retry = { attempts: 8, firstMs: 1_000, maxMs: 300_000 }

/** Users choose the addresses, so one that never answers must not hold up the others. */
const patienceMs = 500

/** `push`: tells users by Web Push, on each device where they have asked for it. */
export const pushWorker = ({ config, store, publicUrl }: WorkerServices): Worker<'notifications'> => {
  const keys = vapidKeysOf(config)
  const [, sender = 'codraft@localhost'] = /([^\s<>]+@[^\s<>]+?)>?\s*$/.exec(config.mailFrom) ?? []
  const pushSender = new PushSender({
    keys,
    subject: config.vapidSubject ?? `mailto:${sender}`,
    isAllowed: containing(config.pushAllowedAddresses),
  })

  /** The user that an event is for, when they may know and want to. */
  const wantedBy = async (event: Notification): Promise<string | undefined> => {
    const recipient = await recipientOf(store, event)
    return (await wants(store, recipient, 'push', event.type)) ? recipient.userId : undefined
  }

  return {
    name: 'push',
    topics: ['notifications'],
    retry,
    patienceMs,
    async parts(event) {
      const userId = isNotification(event) ? await wantedBy(event) : undefined
      if (userId === undefined) return []
      return (await listPushSubscriptions(store.ofUser(userId), userId)).map(({ id }) => id)
    },
    async handle(event, { part = '', logger }) {
      const userId = isNotification(event) ? await wantedBy(event) : undefined
      if (userId === undefined || !isNotification(event)) return
      const db = store.ofUser(userId)
      const subscription = await findPushSubscription(db, userId, part)
      if (!subscription) return
      const result =
        subscription.serverKey === keys.publicKey
          ? await pushSender.send(subscription, pushAbout(await nameAuthor(store, event), publicUrl()))
          : ({ kind: 'gone', why: 'it was made for another key of this server' } as const)
      switch (result.kind) {
        case 'sent':
          return
        case 'gone':
          logger.info({ subscription: part, why: result.why }, 'a push subscription is forgotten')
          return deletePushSubscription(db, userId, part)
        case 'refused':
          throw new PermanentFailure(result.why)
        case 'later':
          throw new TryLater(result.why, result.afterMs ?? 0)
      }
    },
    stop: () => pushSender.close(),
  }
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
