import type { Position } from '../journal/Journal.ts'
import type { TracedSpan } from '../tracing/index.ts'
import type { Message } from './EventLog.ts'
import { endingWith } from './publication.ts'

const maxBytes = 1_000_000

export interface Flushed {
  readonly events: number
  /** Up to where the edits of each document are published. */
  readonly positions: ReadonlyMap<string, Position>
}

/** Events of several documents on their way to the log in one call. */
export class EditBatch {
  readonly #publish: (messages: readonly Message[]) => Promise<void>
  #messages: Message[] = []
  #spans: TracedSpan[] = []
  #positions = new Map<string, Position>()
  #bytes = 0

  constructor(publish: (messages: readonly Message[]) => Promise<void>) {
    this.#publish = publish
  }

  get isFull(): boolean {
    return this.#bytes > maxBytes
  }

  /**
   * @param message undefined when there is nothing to publish at this position
   * @param span ends with the publication
   */
  add(documentName: string, position: Position, message: Message | undefined, span?: TracedSpan): void {
    if (span) this.#spans.push(span)
    this.#positions.set(documentName, position)
    if (!message) return
    this.#messages.push(message)
    this.#bytes += message.value.length
  }

  /** Rejects when the log cannot be reached; what was in the batch is not published then, or not surely. */
  async flush(): Promise<Flushed> {
    const [messages, positions, spans] = [this.#messages, this.#positions, this.#spans]
    this.#messages = []
    this.#spans = []
    this.#positions = new Map()
    this.#bytes = 0
    if (messages.length > 0) await endingWith(spans, this.#publish(messages))
    return { events: messages.length, positions }
  }
}
