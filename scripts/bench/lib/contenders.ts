import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { SignJWT } from 'jose'
import { hocuspocus, yWebsocket, type Wire } from './wire.ts'

export const contenderNames = ['relay', 'plain', 'plain-window', 'extension-redis', 'codraft'] as const

export type ContenderName = (typeof contenderNames)[number]

export const isContenderName = (text: string): text is ContenderName =>
  (contenderNames as readonly string[]).includes(text)

/** V8 flag of `npm start`; a scenario that compares memory gives it to every server. */
export const smallNewSpace = '--max-semi-space-size=8'

/** What a server process is started with, but for its port and data folder. */
export interface Launch {
  readonly script: string
  readonly args: readonly string[]
  readonly nodeFlags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly wire: Wire
  /** Of the WebSocket URL. */
  readonly path: string
  readonly token: string
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** @param windowMs how long codraft gathers updates in this scenario; `plain-window` gathers as long */
export const launchOf = async (name: ContenderName, windowMs: number): Promise<Launch> => {
  const common = { args: [], nodeFlags: [], path: '', token: '' }
  switch (name) {
    case 'relay':
      return { ...common, script: pathOf('../servers/relay.ts'), env: {}, wire: yWebsocket }
    case 'plain':
      return { ...common, script: pathOf('../servers/hocuspocus.ts'), env: {}, wire: hocuspocus }
    case 'plain-window': {
      const env = { FLUSH_DELAY_MS: String(windowMs) }
      return { ...common, script: pathOf('../servers/hocuspocus.ts'), env, wire: hocuspocus }
    }
    case 'extension-redis':
      return fleetOf({ ...common, script: pathOf('../servers/hocuspocus.ts'), env: {}, wire: hocuspocus })
    case 'codraft': {
      const secret = randomBytes(32).toString('base64')
      return {
        script: pathOf('../../../src/codraft.mjs'),
        args: ['serve'],
        nodeFlags: [smallNewSpace],
        env: { AUTH_JWT_SECRET: secret, LOG_LEVEL: 'warn' },
        wire: hocuspocus,
        path: '/collab',
        token: await signToken(secret),
      }
    }
  }
}

/** Two instances with a Redis between them. */
export const fleetOf = (instance: Launch): Launch => ({
  ...instance,
  script: pathOf('../servers/fleet.ts'),
  args: [instance.script, ...instance.args],
})

/** An instance of codraft that shares its snapshots over a folder. */
export const fleetInstance = pathOf('../servers/fleet-instance.ts')

const signToken = (secret: string): Promise<string> =>
  new SignJWT({ name: 'Bench', documents: { '*': 'editor' } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('bench')
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(secret))
