import type { Journal, Ticket } from '../../extensions/journal/index.ts'

interface HeldAck {
  readonly ticket: Ticket
  /** Undefined for what is no acknowledgement. */
  readonly heldAt: number | undefined
  readonly send: () => void
}

/** Holds acknowledgements, in order, until the edits that they confirm are durable. */
export class AckGate {
  readonly #journal: Journal
  readonly #onReleased: (heldMs: number) => void
  readonly #stop: () => void
  #held: HeldAck[] = []

  /** `onReleased` gets how long each acknowledgement waited. */
  constructor(journal: Journal, onReleased: (heldMs: number) => void) {
    this.#journal = journal
    this.#onReleased = onReleased
    this.#stop = journal.onDurable((durableTicket) => this.#release(durableTicket))
  }

  /** Calls `send` once `ticket` is durable: now, or later in the order of the calls. */
  hold(ticket: Ticket, send: () => void): void {
    if (ticket > this.#journal.durableTicket) this.#held.push({ ticket, heldAt: performance.now(), send })
    else {
      this.#onReleased(0)
      send()
    }
  }

  /** Calls `run` once `ticket` is durable, in one order with the acknowledgements: now, or later. */
  whenDurable(ticket: Ticket, run: () => void): void {
    if (ticket > this.#journal.durableTicket) this.#held.push({ ticket, heldAt: undefined, send: run })
    else run()
  }

  close(): void {
    this.#stop()
    this.#held = []
  }

  /** Tickets of several documents interleave, so the first one that is not durable does not end the search. */
  #release(durableTicket: Ticket): void {
    const now = performance.now()
    const waiting: HeldAck[] = []
    for (const ack of this.#held) {
      if (ack.ticket > durableTicket) {
        waiting.push(ack)
        continue
      }
      if (ack.heldAt !== undefined) this.#onReleased(now - ack.heldAt)
      ack.send()
    }
    this.#held = waiting
  }
}
