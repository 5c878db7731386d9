import { request } from 'undici'
import webPush from 'web-push'
import { AddressNotPublic, createPublicAgent, type PublicAgent } from '../../public-agent.ts'
import type { PushMessage } from './compose-push.ts'
import type { VapidKeys } from './vapid-keys.ts'

export interface PushSenderOptions {
  readonly keys: VapidKeys
  /** Whom a push service writes to about this server: a `mailto:` or `https:` address. */
  readonly subject: string
  /** Addresses that are allowed besides public ones. @default none */
  readonly isAllowed?: (address: string) => boolean
}

/** Where a browser takes messages. */
export interface PushTarget {
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}

/** What became of a message; `why` is for operators and names no content. */
export type PushResult =
  | { readonly kind: 'sent' }
  /** The subscription has ended, or never was one. */
  | { readonly kind: 'gone'; readonly why: string }
  /** This message will never be taken. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It may be taken later, not before `afterMs`. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number }

const deadlineMs = 15_000
/** A push service keeps a message this long for a browser that is not there. */
const ttlSeconds = 7 * 86_400
const maxRetryAfterMs = 300_000

/** Sends messages to push services (RFC 8030), encrypted for the browser (RFC 8291), signed by this server (RFC 8292). */
export class PushSender {
  readonly #options: PushSenderOptions
  readonly #agent: PublicAgent

  constructor(options: PushSenderOptions) {
    this.#options = options
    const { isAllowed } = options
    this.#agent = createPublicAgent({ connectMs: deadlineMs, ...(isAllowed && { isAllowed }) })
  }

  async send({ endpoint, p256dh, auth }: PushTarget, message: PushMessage): Promise<PushResult> {
    const { keys, subject } = this.#options
    if (!this.#agent.mayRequest(new URL(endpoint))) return notPublic
    const { headers, body } = webPush.generateRequestDetails(
      { endpoint, keys: { p256dh, auth } },
      JSON.stringify(message),
      {
        TTL: ttlSeconds,
        topic: message.tag,
        contentEncoding: 'aes128gcm',
        vapidDetails: { subject, ...keys },
      },
    )
    try {
      const answer = await request(endpoint, {
        dispatcher: this.#agent.dispatcher,
        method: 'POST',
        headers: headers as Record<string, string>,
        body,
        signal: AbortSignal.timeout(deadlineMs),
      })
      // Whatever it says is for nobody: the address may lead anywhere.
      answer.body.on('error', () => undefined).destroy()
      return resultOf(answer.statusCode, answer.headers['retry-after'])
    } catch (error) {
      return isNotPublic(error) ? notPublic : { kind: 'later', why: codeOf(error) }
    }
  }

  close(): Promise<void> {
    return this.#agent.dispatcher.close()
  }
}

const notPublic: PushResult = { kind: 'gone', why: 'its address is not public' }

const resultOf = (status: number, retryAfter: string | string[] | undefined): PushResult => {
  const why = `the push service answers ${status}`
  if (status >= 200 && status < 300) return { kind: 'sent' }
  if (status === 404 || status === 410) return { kind: 'gone', why }
  if (status !== 429 && status < 500) return { kind: 'refused', why }
  const afterMs = typeof retryAfter === 'string' ? retryAfterMs(retryAfter) : undefined
  return { kind: 'later', why, ...(afterMs !== undefined && { afterMs }) }
}

/** Seconds, or a date (RFC 9110, section 10.2.3). */
const retryAfterMs = (text: string): number | undefined => {
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(maxRetryAfterMs, Math.max(0, ms))
}

const isNotPublic = (error: unknown): boolean =>
  error instanceof AddressNotPublic || (error instanceof Error && error.cause instanceof AddressNotPublic)

const codeOf = (error: unknown): string => {
  const { code, name } = error as { readonly code?: string; readonly name?: string }
  return `the push service does not answer: ${code ?? name}`
}
