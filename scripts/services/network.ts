import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ranges from which systems give ports to outgoing connections. */
const firstPort = 15_000
const portCount = 15_000

/** A loopback port that nothing listens on. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * portCount)
    if (await isFree(port)) return port
  }
}

const isFree = async (port: number): Promise<boolean> => {
  const probe = createServer().listen(port, '127.0.0.1')
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}

/** Whether a GET is answered with success. */
export const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
