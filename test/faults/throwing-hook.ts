/**
 * Child process of hocuspocus.test.ts: a server of plain Hocuspocus whose hook of the given name throws, and a client that
 * causes every hook to run. Prints `survived` and exits with 0 when nothing ended the process.
 */
import { once } from 'node:events'
import { Server } from '@hocuspocus/server'
import { WebSocket } from 'ws'
import { Client, until } from './hocuspocus-harness.ts'

const [hook = ''] = process.argv.slice(2)
const server = new Server({
  address: '127.0.0.1',
  port: 0,
  quiet: true,
  stopOnSignals: false,
  [hook]: async () => {
    throw new Error('boom')
  },
})
await server.listen()
const { hocuspocus } = server
const url = `ws://127.0.0.1:${server.address.port}`

await fetch(url.replace('ws:', 'http:'))
const socket = new WebSocket(url)
await once(socket, 'open')
socket.terminate()

const client = await new Client(url, 'document').synced()
client.type('hello')
await client.synced()
client.provider.setAwarenessField('user', { name: 'Ada' })
await until(() => (hocuspocus.documents.get('document')?.awareness.getStates().size ?? 0) > 0)
client.provider.sendStateless('hello')
const messages: string[] = []
client.provider.on('stateless', ({ payload }: { payload: string }) => messages.push(payload))
hocuspocus.documents.get('document')?.broadcastStateless('hello')
await until(() => messages.length > 0)
client.close()
await until(() => hocuspocus.documents.size === 0)
process.stdout.write('survived')
process.exit(0)
