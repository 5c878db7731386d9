import type { Fleet, FleetCommand, FleetListener } from './Fleet.ts'
import { FleetListeners, type FleetErrorHandler } from './listeners.ts'

/** A fleet of one. */
export class MemoryFleet implements Fleet {
  readonly #listeners: FleetListeners

  constructor(onError: FleetErrorHandler) {
    this.#listeners = new FleetListeners(onError)
  }

  async publish(command: FleetCommand): Promise<boolean> {
    await this.#listeners.run(command)
    return true
  }

  onCommand(listener: FleetListener): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    await Promise.resolve()
  }
}
