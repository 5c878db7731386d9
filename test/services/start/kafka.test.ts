import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { kafka } from '../../../scripts/services/kafka.ts'
import { serviceVariable, startOwn } from '../../helpers/services.ts'

/** The error code in the answer to an ApiVersions request (version 0) of the Kafka protocol. */
const apiVersions = async (broker: string): Promise<number> => {
  const [host = '', port] = broker.split(':')
  const socket = connect(Number(port), host)
  await once(socket, 'connect')
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0)
  request.writeInt16BE(18, 4)
  request.writeInt32BE(7, 8)
  request.writeInt16BE(-1, 12)
  socket.write(request)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  expect(answer.readInt32BE(4), 'correlation id').toBe(7)
  return answer.readInt16BE(8)
}

it('Kafka serves, alone and as three brokers', async () => {
  const alone = serviceVariable('CODRAFT_TEST_KAFKA_BROKERS').split(',')
  const cluster = serviceVariable('CODRAFT_TEST_KAFKA_CLUSTER').split(',')
  expect([alone.length, cluster.length]).toEqual([1, 3])
  for (const broker of [...alone, ...cluster]) expect(await apiVersions(broker)).toBe(0)
})

it('Kafka starts again after a kill', async () => {
  const own = await startOwn(kafka)
  const broker = own.env['CODRAFT_TEST_KAFKA_BROKERS']!
  await own.kill()
  await expect(apiVersions(broker)).rejects.toThrow('ECONNREFUSED')
  await own.start()
  expect(await apiVersions(broker)).toBe(0)
  await own.close()
})
