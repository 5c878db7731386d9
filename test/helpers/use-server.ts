import { afterAll, beforeAll } from 'vitest'
import { startServer, type TestServer, type TestServerOptions } from './server.ts'

/** A server for the tests of a file. Returns what gives it. */
export const useServer = (options?: TestServerOptions): (() => TestServer) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(options)
  })
  afterAll(() => server?.close())
  return () => server
}
