import { createDecipheriv, createECDH, hkdfSync, randomBytes, randomUUID, type ECDH } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importJWK, jwtVerify } from 'jose'
import selfsigned from 'selfsigned'
import type { PushMessage } from '../../src/notifications/push/compose-push.ts'

export interface ReceivedPush {
  readonly message: PushMessage
  /** Of the encrypted body. */
  readonly bytes: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** `sub` of the signature. */
  readonly subject: string | undefined
}

export interface PushAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** The request hangs until this resolves. */
  readonly after?: Promise<void>
}

/** A browser that has subscribed. */
export interface TestSubscription {
  /** As `PushSubscription.toJSON()`. */
  readonly json: {
    readonly endpoint: string
    readonly keys: { readonly p256dh: string; readonly auth: string }
  }
  readonly received: readonly ReceivedPush[]
  /** Answers to the requests to come, in their order; after them 201. */
  readonly answers: PushAnswer[]
  /** When requests came, ms since the epoch. */
  readonly requestedAt: readonly number[]
}

export interface TestPushService extends AsyncDisposable {
  /** Settings of a server that trusts it, and reaches it at its loopback address. */
  readonly env: Readonly<Record<string, string>>
  /** @param serverKey what the browser has subscribed with: only requests of its owner are taken */
  subscribe(serverKey: string): TestSubscription
}

interface Browser {
  readonly subscription: TestSubscription & { received: ReceivedPush[]; requestedAt: number[] }
  readonly ecdh: ECDH
  readonly auth: Buffer
  readonly serverKey: string
}

/** A push service over TLS, and the browsers behind it, which decrypt what they get. */
export const startPushService = async (): Promise<TestPushService> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-push-'))
  const certificate = selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2_048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  })
  const certificateFile = join(folder, 'certificate.pem')
  await writeFile(certificateFile, certificate.cert)
  const browsers = new Map<string, Browser>()
  let origin = ''

  const answer = async (request: IncomingMessage): Promise<PushAnswer> => {
    const browser = browsers.get(request.url ?? '')
    if (!browser || request.method !== 'POST') return { status: 404 }
    const { subscription, serverKey } = browser
    subscription.requestedAt.push(Date.now())
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts)
    const subject = await verify(request.headers.authorization ?? '', serverKey, origin)
    const planned = subscription.answers.shift()
    await planned?.after
    if (planned && planned.status !== 201) return planned
    if (body.length > 4_096) return { status: 413 }
    const message = JSON.parse(decrypt(body, browser).toString()) as PushMessage
    subscription.received.push({ message, bytes: body.length, headers: request.headers, subject })
    return { status: 201 }
  }

  const server = createServer({ key: certificate.private, cert: certificate.cert }, (request, response) => {
    answer(request).then(
      ({ status, headers }) => response.writeHead(status, headers).end(),
      () => response.writeHead(400).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `https://localhost:${(server.address() as AddressInfo).port}`

  return {
    env: { NODE_EXTRA_CA_CERTS: certificateFile, PUSH_ALLOWED_ADDRESSES: '127.0.0.0/8,::1' },
    subscribe(serverKey) {
      const path = `/push/${randomUUID()}`
      const ecdh = createECDH('prime256v1')
      const auth = randomBytes(16)
      const keys = { p256dh: ecdh.generateKeys('base64url'), auth: auth.toString('base64url') }
      const json = { endpoint: origin + path, keys }
      const subscription = { json, received: [], answers: [], requestedAt: [] }
      browsers.set(path, { subscription, ecdh, auth, serverKey })
      return subscription
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Checks the signature of the server (RFC 8292) and returns whom to write to. */
const verify = async (header: string, serverKey: string, origin: string): Promise<string | undefined> => {
  const [, token = '', key] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(header) ?? []
  if (key !== serverKey) throw new Error('signed with another key')
  const point = Buffer.from(key, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const { payload } = await jwtVerify(token, await importJWK(jwk, 'ES256'), { audience: origin })
  return payload.sub
}

/** One record of `aes128gcm` (RFC 8188), with the keys of Web Push (RFC 8291, section 3.4). */
const decrypt = (body: Buffer, { ecdh, auth }: Browser): Buffer => {
  const salt = body.subarray(0, 16)
  const sender = body.subarray(21, 21 + body.readUInt8(20))
  const encrypted = body.subarray(21 + sender.length)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ecdh.getPublicKey(), sender])
  const ikm = hkdfSync('sha256', ecdh.computeSecret(sender), auth, info, 32)
  const derive = (label: string, length: number) =>
    Buffer.from(hkdfSync('sha256', Buffer.from(ikm), salt, `Content-Encoding: ${label}\0`, length))
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12))
  decipher.setAuthTag(encrypted.subarray(-16))
  const padded = Buffer.concat([decipher.update(encrypted.subarray(0, -16)), decipher.final()])
  return padded.subarray(0, padded.lastIndexOf(2))
}
