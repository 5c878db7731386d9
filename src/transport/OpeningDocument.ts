import { CodraftError } from '../../extensions/errors.ts'
import type { Channel } from './Channel.ts'
import { ClientQuestion } from './ClientQuestion.ts'
import type { Incoming } from './protocols/Protocol.ts'
import {
  isEmptyStateVector,
  isEmptyUpdate,
  MessageReader,
  MessageType,
  SyncStep,
  type Message,
} from './wire.ts'

/** What a client may send before its document is open. */
const maxHeldMessages = 1_000
const maxHeldBytes = 5 * 1024 * 1024

/** A document that a client has asked for and that is not open yet: holds its messages in order. */
export class OpeningDocument {
  readonly documentName: string
  readonly #send: (messages: Message[]) => void
  readonly #onChange: () => void
  readonly #onEnd: () => void
  #isAuthenticated = false
  #hasState = false
  #asksForEverything = false
  #hasEdits = false
  #question: ClientQuestion | undefined
  #held: Incoming[] = []
  #heldBytes = 0

  /**
   * @param send sends messages to the client
   * @param onChange called when the client has been authenticated, or has sent something
   * @param onEnd called when the document is open or the client is gone
   */
  constructor(
    documentName: string,
    send: (messages: Message[]) => void,
    onChange: () => void,
    onEnd: () => void,
  ) {
    this.documentName = documentName
    this.#send = send
    this.#onChange = onChange
    this.#onEnd = onEnd
  }

  /** True when the client may read, has nothing yet, and waits for the state. */
  get wantsState(): boolean {
    return this.#isAuthenticated && !this.#hasState && this.#asksForEverything
  }

  /** True when the client has sent something that only an open document can take. */
  get hasEdits(): boolean {
    return this.#hasEdits
  }

  /**
   * Looks at the message now: what is malformed closes its sender, and must not come up when others wait as well.
   *
   * @throws {CodraftError} CODRAFT_MESSAGE_MALFORMED when too much arrives before the document is open
   * @throws {RangeError} when a message is malformed
   */
  hold(incoming: Incoming): void {
    const sync = syncPart(incoming)
    if (sync?.step === SyncStep.step1) this.#question = new ClientQuestion(sync.body)
    if (sync?.step === SyncStep.update && this.#question?.covers(sync.body)) return
    this.#asksForEverything ||= asksForEverything(sync)
    this.#hasEdits ||= isEdit(sync)
    this.#heldBytes += incoming.data.length
    if (this.#held.length >= maxHeldMessages || this.#heldBytes > maxHeldBytes) {
      throw new CodraftError('CODRAFT_MESSAGE_MALFORMED', 'too much was sent before the document was open')
    }
    this.#held.push(incoming)
    this.#onChange()
  }

  authenticated(): void {
    this.#isAuthenticated = true
    this.#onChange()
  }

  /** Sends the stored state ahead of the document's opening. */
  sendState(messages: Message[]): void {
    this.#hasState = true
    this.#send(messages)
  }

  /** The document is open: returns what has been held, each to be delivered in this order. */
  release(): Incoming[] {
    const held = this.#held
    this.drop()
    return held
  }

  deliver(incoming: Incoming, channel: Channel): void {
    if (this.#hasState && asksForEverything(syncPart(incoming))) channel.askForChanges()
    else channel.receive(incoming)
  }

  drop(): void {
    this.#held = []
    this.#onEnd()
  }
}

interface SyncPart {
  readonly step: number
  readonly body: Buffer
}

const syncPart = ({ type, data, offset }: Incoming): SyncPart | undefined => {
  if (type !== MessageType.sync) return undefined
  const reader = new MessageReader(data, offset)
  return { step: reader.varUint(), body: reader.bytes() }
}

const asksForEverything = (sync: SyncPart | undefined): boolean =>
  sync?.step === SyncStep.step1 && isEmptyStateVector(sync.body)

const isEdit = (sync: SyncPart | undefined): boolean =>
  sync !== undefined && sync.step !== SyncStep.step1 && !isEmptyUpdate(sync.body)
