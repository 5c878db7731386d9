import { once } from 'node:events'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import type { TestServer } from './server.ts'

export interface RawSocket {
  readonly socket: WebSocket
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
}

/** A socket without any library behind it, that sends what it is told. */
export const openRawSocket = async (server: TestServer, path: string): Promise<RawSocket> => {
  const socket = new WebSocket(`${server.socketUrl}${path}`)
  const closed = once(socket, 'close').then(([code, reason]: unknown[]) => ({
    code: code as number,
    reason: String(reason),
  }))
  await once(socket, 'open')
  return { socket, closed }
}

/** A message of the Hocuspocus protocol: the document's name, then what `write` adds. */
export const message = (name: string, write: (encoder: encoding.Encoder) => void): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, name)
    write(encoder)
  })

export const authMessage = (name: string, token: string): Uint8Array =>
  message(name, (encoder) => {
    encoding.writeVarUint(encoder, 2)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, token)
  })

const syncMessage = (name: string, step: number, body: Uint8Array): Uint8Array =>
  message(name, (encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, step)
    encoding.writeVarUint8Array(encoder, body)
  })

/** Asks for everything. */
export const step1Message = (name: string, stateVector: Uint8Array = Uint8Array.of(0)): Uint8Array =>
  syncMessage(name, 0, stateVector)
export const step2Message = (name: string, update: Uint8Array): Uint8Array => syncMessage(name, 1, update)
export const updateMessage = (name: string, update: Uint8Array): Uint8Array => syncMessage(name, 2, update)

export const awarenessMessage = (name: string, update: Uint8Array): Uint8Array =>
  message(name, (encoder) => {
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint8Array(encoder, update)
  })
