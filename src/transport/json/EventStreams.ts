import type { ServerResponse } from 'node:http'
import { CodraftError } from '../../../extensions/errors.ts'
import { EventStreamWire } from './EventStreamWire.ts'

/** The connections of JSON clients that cannot open a WebSocket. */
export class EventStreams {
  readonly #wires = new Map<string, EventStreamWire>()

  open(response: ServerResponse): EventStreamWire {
    const wire = new EventStreamWire(response)
    this.#wires.set(wire.id, wire)
    response.once('close', () => this.#wires.delete(wire.id))
    return wire
  }

  /** @throws {CodraftError} CODRAFT_NOT_FOUND, and as {@link EventStreamWire.receive} */
  async receive(id: string, body: string): Promise<void> {
    const wire = this.#wires.get(id)
    if (!wire) throw new CodraftError('CODRAFT_NOT_FOUND', 'there is no such connection on this instance')
    await wire.receive(body)
  }
}
