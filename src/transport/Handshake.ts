import { ClientQuestion } from './ClientQuestion.ts'

/**
 * Who has asked whom for changes, on one document of one socket. While the client has not answered, no acknowledgement
 * is given: one for an update that came beside the answer would make edits look saved that are still on their way.
 */
export class Handshake {
  /** False until the client has asked for the first time. */
  hasAsked = false
  /** True while the client has not answered the server's question. */
  isAsked = false
  #question: ClientQuestion | undefined
  #owed = 0

  /** The client asks with its state vector, and is asked in return. */
  clientAsks(vector: Uint8Array): void {
    this.hasAsked = true
    this.isAsked = true
    this.#question = new ClientQuestion(vector)
  }

  serverAsks(): void {
    this.isAsked = true
  }

  clientAnswers(): void {
    this.isAsked = false
    this.#question = undefined
  }

  /** The client is owed one more acknowledgement. Returns how many it may be given now. */
  owe(): number {
    this.#owed += 1
    if (this.isAsked) return 0
    const due = this.#owed
    this.#owed = 0
    return due
  }

  /** The client's answer was not taken: what came before it is not saved either. */
  forgive(): void {
    this.#owed = 0
  }

  /** Whether the answer that is to come holds the update for certain. */
  covers(update: Uint8Array): boolean {
    return this.#question?.covers(update) ?? false
  }
}
