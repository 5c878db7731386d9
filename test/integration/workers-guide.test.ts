import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer } from '../helpers/server.ts'
import { checkout, openSnippetFolder, snippetOf } from '../helpers/snippets.ts'

it('the worker of the guide tells a chat room once, waits while it is away, and leaves dead letters', async () => {
  await using server = await startServer()
  const received: { text: string; to: string }[] = []
  const room = createServer((request, response) => {
    void json(request).then((body) => {
      const message = body as { text: string; to: string }
      const isRefused = message.text.includes('refused')
      if (!isRefused) received.push(message)
      response.writeHead(isRefused ? 400 : 204).end()
    })
  })
  room.listen(0, '127.0.0.1')
  await once(room, 'listening')
  const { port } = room.address() as AddressInfo

  await using folder = await openSnippetFolder()
  const program = await folder.write('worker.ts', snippetOf('docs/guide/workers.md', 'worker'))
  const env = {
    CODRAFT_DATA_DIR: server.dataDir,
    CHAT_WEBHOOK: `http://127.0.0.1:${port}/hook`,
  }
  const worker = spawn(process.execPath, ['-C', 'codraft-source', program], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const owner = await restClient(server, 'ann', { documents: { '*': 'owner' } })
    const share = (name: string, email: string) =>
      owner.post(documentPath(name, '/share'), { body: { email, role: 'viewer' } })
    await share('plans', 'bob@example.org')
    await expect.poll(() => received.map(({ text }) => text)).toEqual(['document.shared: plans'])

    room.close()
    room.closeAllConnections()
    await share('plans/late', 'bob@example.org')
    await share('plans/refused', 'eve@example.org')
    room.listen(port, '127.0.0.1')
    await expect
      .poll(() => received.map(({ text }) => text))
      .toEqual(['document.shared: plans', 'document.shared: plans/late'])
    const dlq = () => folder.shell(`node ${checkout}/src/codraft.mjs dlq list`, env)
    await expect
      .poll(dlq)
      .toMatch(/codraft-chat {2}document\.shared {2}1 attempt {2}the chat room answers 400/)

    const exited = once(worker, 'exit')
    worker.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    expect(received).toHaveLength(2)
  } finally {
    worker.kill('SIGKILL')
    room.close()
  }
})
