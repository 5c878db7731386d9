import { WebSocket } from 'ws'
import { z } from 'zod'
import { problem, warning, type Check, type Finding } from './Check.ts'

const timeoutMs = 5_000
const clientSchema = z.object({ address: z.string(), forwarded: z.enum(['believed', 'ignored', 'absent']) })

/** That people reach the server under PUBLIC_URL: HTTP, WebSocket, and with their own addresses. */
export const proxy: Check = {
  name: 'proxy',
  appliesTo: ({ publicUrl }) => publicUrl !== undefined,
  async run({ publicUrl = '', trustedProxies }) {
    const answer = await fetch(`${publicUrl}/health/client`, { signal: AbortSignal.timeout(timeoutMs) })
      .then((response) => response.json())
      .catch(() => undefined)
    const { success, data: client } = clientSchema.safeParse(answer)
    if (!success)
      return [
        problem(
          `no codraft answers at PUBLIC_URL (${publicUrl})`,
          'Start the server; let DNS and the load balancer lead there, all paths included.',
        ),
      ]
    return [...addressFindings(client, trustedProxies), ...(await socketFindings(publicUrl))]
  },
}

const addressFindings = (
  { address, forwarded }: z.infer<typeof clientSchema>,
  trustedProxies: readonly string[],
): Finding[] => {
  if (forwarded === 'ignored')
    return [
      warning(
        `X-Forwarded-For of ${address} is not believed: all people behind it count as one address`,
        `Set TRUSTED_PROXIES to the address of your load balancer, such as ${address}.`,
      ),
    ]
  if (forwarded === 'absent' && trustedProxies.length > 0)
    return [
      warning(
        'the load balancer at PUBLIC_URL sends no X-Forwarded-For: all people behind it count as one address',
        'Let it send the header (nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for).',
      ),
    ]
  return []
}

const socketFindings = async (publicUrl: string): Promise<Finding[]> => {
  const refusal = await openSocket(`${publicUrl.replace(/^http/, 'ws')}/collab`, new URL(publicUrl).origin)
  if (refusal === undefined) return []
  return [
    problem(
      `no WebSocket can be opened at PUBLIC_URL: ${refusal}`,
      'Let the load balancer pass HTTP/1.1 with the headers Upgrade, Connection, Host and Origin on to /collab, /yjs and /ws.',
    ),
  ]
}

/** Why it cannot be opened; undefined when it can. */
const openSocket = async (url: string, origin: string): Promise<string | undefined> => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = new WebSocket(url, { origin, handshakeTimeout: timeoutMs })
  socket.once('open', () => resolve(undefined))
  socket.once('error', ({ message }) => resolve(message))
  const refusal = await promise
  socket.terminate()
  return refusal
}
