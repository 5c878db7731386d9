/**
 * The least that a server on `ws` can do: it passes frames on as they are and knows nothing of documents. The
 * first sync step is answered with an empty document.
 */
import { WebSocketServer, type WebSocket } from 'ws'

const step1 = Uint8Array.of(0, 0, 1, 0)
const emptyStep2 = Uint8Array.of(0, 1, 2, 0, 0)

const rooms = new Map<string, Set<WebSocket>>()

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env['PORT']),
  perMessageDeflate: false,
})

server.on('connection', (socket, { url = '/' }) => {
  const room = rooms.get(url) ?? new Set()
  rooms.set(url, room.add(socket))
  socket.send(step1)
  socket.on('message', (data) => {
    const frame = data as Buffer
    const isAwareness = frame[0] === 1
    if (!isAwareness && frame[1] === 0) socket.send(emptyStep2)
    else if (isAwareness || frame[1] === 2) for (const other of room) if (other !== socket) other.send(frame)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    room.delete(socket)
    if (room.size === 0) rooms.delete(url)
  })
})

process.on('SIGTERM', () => process.exit(0))
