import { applyUpdate, Doc, encodeStateVector } from 'yjs'
import type { Client } from './Client.ts'
import type { History } from './history.ts'
import { until } from './until.ts'

interface Payload {
  readonly receivedAt: number
  readonly data: Uint8Array
}

export interface Join {
  readonly client: Client
  readonly payloads: readonly Payload[]
}

const timeoutMs = 20_000

/** Joins and collects states and updates until the end marker is among them and `quietMs` more have passed. */
export const join = async (client: Client, end: Buffer, quietMs = 50): Promise<Join> => {
  const payloads: Payload[] = []
  let complete = false
  client.onFrame = (frame, kind) => {
    if (kind !== 'step2' && kind !== 'update') return
    const data = client.wire.payloadOf(frame)
    payloads.push({ receivedAt: performance.now(), data })
    complete ||= Buffer.from(data.buffer, data.byteOffset, data.length).includes(end)
  }
  await client.open()
  const isQuiet = () => performance.now() - (payloads.at(-1)?.receivedAt ?? 0) >= quietMs
  await until(() => complete && isQuiet(), timeoutMs, 5)
  return { client, payloads }
}

/** Tells how long joins took until they had the whole document, ms; undefined when they never had it. */
export const joinTimer = ({ text, stateVector }: History): ((join: Join) => number | undefined) => {
  // Most joins get the very bytes that an earlier one has proved to be the document.
  const whole: Buffer[] = []
  const isWhole = (document: Doc): boolean =>
    Buffer.from(encodeStateVector(document)).equals(stateVector) &&
    document.getText('bench').toJSON() === text
  return ({ client, payloads }) => {
    const [first] = payloads
    if (first && whole.some((bytes) => bytes.equals(first.data))) return first.receivedAt - client.openedAt
    const document = new Doc()
    for (const { receivedAt, data } of payloads) {
      applyUpdate(document, data)
      if (!isWhole(document)) continue
      if (data === first?.data) whole.push(Buffer.from(data))
      return receivedAt - client.openedAt
    }
    return undefined
  }
}
