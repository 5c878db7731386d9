import { expect } from 'vitest'
import { connectHocuspocus } from './clients.ts'
import type { TestServer } from './server.ts'

/** What a client that comes anew reads. */
export const textOf = async (server: Pick<TestServer, 'socketUrl'>, name: string): Promise<string> => {
  await using reader = await connectHocuspocus(server, name)
  await expect.poll(() => reader.isSaved).toBe(true)
  return reader.text.toJSON()
}
