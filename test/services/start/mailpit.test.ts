import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { serviceVariable } from '../../helpers/services.ts'

it('Mailpit greets by SMTP and lists mail by HTTP', async () => {
  const { hostname, port } = new URL(serviceVariable('CODRAFT_TEST_SMTP_URL'))
  const socket = connect(Number(port), hostname)
  const [greeting] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(greeting.toString()).toMatch(/^220 /)
  const response = await fetch(`${serviceVariable('CODRAFT_TEST_MAILPIT_URL')}/api/v1/messages`)
  expect(await response.json()).toMatchObject({ messages: expect.any(Array) })
})
