import { lengthOf, textOf, transformPosition, type Op, type Ops } from './delta.ts'
import { Connection, type ConnectionOptions } from './Connection.ts'
import type { Message } from './Line.ts'
import { People, type Cursor, type User } from './People.ts'
import { Replica } from './Replica.ts'

export interface ConnectOptions extends ConnectionOptions {
  /** Access token (JWT), or a function that fetches one; it is called for each connection and before a token expires. */
  readonly token: string | (() => string | Promise<string>)
  /** Root type of the document. @default 'default' */
  readonly field?: string
  /** What the root type is, where it is new: Y.Text or Y.XmlFragment. */
  readonly kind?: 'text' | 'blocks'
  /** Name of a program that edits for the user. */
  readonly agent?: string
  /** Colour of the cursor, `#rrggbb`. */
  readonly color?: string
}

export interface Events {
  /** The content has changed; `userId` is undefined when this client did it. */
  change: { readonly ops: Ops; readonly userId: string | undefined }
  /** Connected or not, saved or not, another role. */
  state: undefined
  /** Somebody has come, gone, or moved. */
  presence: undefined
  /** An edit was refused and taken back, with all that was made on top of it. */
  refused: { readonly code: string; readonly message: string; readonly ops: Ops }
  /** The document cannot be opened, and no further attempt is made. */
  failed: { readonly code: string; readonly message: string }
}

type Listener<Name extends keyof Events> = (event: Events[Name]) => void

/** Refusals that pass: the same is tried again. */
const passing = /UNAVAILABLE|DRAINING|TOO_MANY_CONNECTIONS|INTERNAL|AUTH_TIMEOUT|SLOW_READER/

/**
 * A document that this client edits by position, together with everybody else. Edits apply here at once and are sent
 * one at a time; while there is no connection they wait.
 */
export class CollaborativeDocument {
  role: string | undefined
  readonly #options: ConnectOptions
  readonly #replica: Replica
  readonly #listeners = new Map<string, Set<(event: never) => void>>()
  readonly #people = new People()
  readonly #connection: Connection
  #epoch: string | undefined
  #isJoined = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #cursor: { position: number; anchor: number } | null | undefined
  #cursorIsKnown = true

  constructor(options: ConnectOptions) {
    this.#options = options
    const session = Math.random().toString(36).slice(2) + Date.now().toString(36)
    let edits = 0
    this.#replica = new Replica('', () => `${session}:${(edits += 1)}`)
    this.#connection = new Connection(options, {
      opened: () => void this.#join(),
      received: (message) => this.#received(message),
      closed: (reason) => this.#closed(reason),
    })
  }

  /** The user of the token; '' before the first connection. */
  get userId(): string {
    return this.#replica.userId
  }

  get users(): ReadonlyMap<string, User> {
    return this.#people.users
  }

  /** Cursors of others by their client id. */
  get cursors(): ReadonlyMap<number, Cursor> {
    return this.#people.cursors
  }

  get content(): Ops {
    return this.#replica.content
  }

  /** The content as text, with U+FFFC in the place of each embed. */
  get text(): string {
    return textOf(this.content)
  }

  get isOnline(): boolean {
    return this.#isJoined
  }

  /** True when the server has said that every edit is durable. */
  get isSaved(): boolean {
    return !this.#replica.hasEdits
  }

  /** Calls `listener` at each event of this name. Returns a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  onChange(listener: Listener<'change'>): () => void {
    return this.on('change', listener)
  }

  /** Resolves when `condition` holds, now or after an event; rejects when the document cannot be opened. */
  when(condition: (document: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const stops = (['change', 'state', 'presence'] as const).map((name) => this.on(name, () => check()))
      stops.push(this.on('failed', ({ message }) => end(() => reject(new Error(message)))))
      const end = (settle: () => void): void => {
        for (const stop of stops) stop()
        settle()
      }
      const check = (): void => {
        if (condition(this)) end(resolve)
      }
      check()
    })
  }

  whenOnline(): Promise<void> {
    return this.when(({ isOnline }) => isOnline)
  }

  whenSaved(): Promise<void> {
    return this.when(({ isSaved }) => isSaved)
  }

  /**
   * Edits the content. Throws when the ops reach beyond its end, or before the document has been opened once.
   *
   * @param ops one change: `[{ retain: 6 }, { insert: 'x' }]`
   */
  edit(ops: Ops): void {
    if (this.#replica.version < 0) throw new Error('The document is not open yet: wait for whenOnline()')
    const length = this.content.reduce((sum, op) => sum + lengthOf(op), 0)
    const reach = ops.reduce((sum, op) => sum + (op.insert === undefined ? lengthOf(op) : 0), 0)
    if (reach > length) throw new RangeError(`The edit reaches to ${reach}, the content ends at ${length}`)
    this.#replica.edit(ops)
    this.#changed(ops, undefined)
    this.#send()
  }

  insert(position: number, insert: NonNullable<Op['insert']>, attributes?: Op['attributes']): void {
    this.edit([{ retain: position }, { insert, ...(attributes && { attributes }) }])
  }

  delete(position: number, length: number): void {
    this.edit([{ retain: position }, { delete: length }])
  }

  format(position: number, length: number, attributes: NonNullable<Op['attributes']>): void {
    this.edit([{ retain: position }, { retain: length, attributes }])
  }

  /** Shows the cursor to everybody, at a position of `content`; null takes it away. */
  cursor(position: number | null, anchor = position): void {
    this.#cursor = position === null ? null : { position, anchor: anchor ?? position }
    this.#cursorIsKnown = false
    this.#sendCursor()
  }

  close(): void {
    clearTimeout(this.#retry)
    this.#isJoined = false
    this.#connection.close()
  }

  async #join(): Promise<void> {
    const { documentId, field, kind, agent, color } = this.#options
    let authToken: string
    try {
      authToken = await this.#token()
    } catch {
      this.#connection.drop()
      return
    }
    const { sent, version } = this.#replica
    const known = version < 0 ? {} : { version, epoch: this.#epoch }
    const pending = sent ? { pending: [sent.id] } : {}
    this.#connection.send({
      type: 'join_document',
      protocol: 1,
      documentId,
      authToken,
      field,
      kind,
      agent,
      color,
      ...known,
      ...pending,
    })
  }

  async #token(): Promise<string> {
    const { token } = this.#options
    return typeof token === 'function' ? token() : token
  }

  #closed(reason: string): void {
    this.#isJoined = false
    this.#cursorIsKnown = this.#cursor === undefined
    this.#emit('state', undefined)
    const [code = ''] = reason.split(':')
    if (this.#isFinal(code)) this.#fail(code, reason)
  }

  #isFinal(code: string): boolean {
    const canRenew = typeof this.#options.token === 'function' && code === 'CODRAFT_TOKEN_EXPIRED'
    return code.startsWith('CODRAFT_') && !passing.test(code) && !canRenew
  }

  #fail(code: string, message: string): void {
    this.close()
    this.#emit('failed', { code, message })
  }

  #received(message: Message): void {
    switch (message.type) {
      case 'joined':
      case 'resync':
        this.#opened(message)
        return
      case 'ack':
        if (message['opId'] === this.#replica.sent?.id)
          this.#replica.acknowledged(message['version'] as number)
        this.#send()
        this.#emit('state', undefined)
        return
      case 'remote_edit': {
        const userId = message['userId'] as string
        const ops = this.#replica.received(message['ops'] as Ops, userId, message['version'] as number)
        this.#changed(ops, userId)
        return
      }
      case 'error':
        this.#refused(message['code'] as string, message['message'] as string, message['opId'])
        return
      case 'token_request':
        void this.#token().then((authToken) => this.#connection.send({ type: 'token', authToken }))
        return
      case 'role':
        this.role = message['role'] as string
        this.#emit('state', undefined)
        return
      default:
        if (this.#people.received(message, (position) => this.#replica.toLocal(position)))
          this.#emit('presence', undefined)
    }
  }

  #opened(message: Message): void {
    const { sent } = this.#replica
    const version = message['version'] as number
    const applied = message['applied'] as readonly string[]
    if (message.type === 'joined') {
      this.role = message['role'] as string
      this.#epoch = message['epoch'] as string
      this.#replica.userId = message['userId'] as string
      this.#connection.settled()
    }
    if (message['content']) {
      const ops = this.#replica.joined({ version, content: message['content'] as Ops, applied })
      this.#isJoined = true
      this.#changed(ops, '')
    } else {
      this.#isJoined = true
      if (sent && applied.includes(sent.id)) this.#replica.acknowledged(version)
    }
    this.#resend()
    this.#send()
    this.#sendCursor()
    this.#emit('state', undefined)
  }

  #refused(code: string, message: string, opId: unknown): void {
    const { sent } = this.#replica
    if (opId === undefined) {
      // A refused document: those that pass are tried again on a new connection.
      if (!this.#isJoined) {
        if (this.#isFinal(code)) this.#fail(code, message)
        else this.#connection.drop()
      }
      return
    }
    // When the version was unknown, the content follows, and the edit is sent again on it.
    if (opId !== sent?.id || code === 'CODRAFT_VERSION_UNKNOWN') return
    if (passing.test(code)) {
      this.#retry = setTimeout(() => this.#resend(), 1_000)
      return
    }
    const { ops } = sent
    this.#changed(this.#replica.refused(), '')
    this.#emit('refused', { code, message, ops })
    this.#emit('state', undefined)
  }

  #send(): void {
    if (!this.#isJoined) return
    const edit = this.#replica.next()
    if (edit) this.#resend()
    else this.#sendCursor()
  }

  /** The edit that is on its way, on the version that this client has now. */
  #resend(): void {
    const { sent, version } = this.#replica
    if (sent && this.#isJoined) this.#connection.send({ type: 'edit', id: sent.id, version, ops: sent.ops })
  }

  /** Positions of `content` are those of the server only while no edit is on its way. */
  #sendCursor(): void {
    if (this.#cursorIsKnown || !this.#isJoined || this.#replica.hasEdits) return
    this.#cursorIsKnown = true
    const { version } = this.#replica
    this.#connection.send({ type: 'cursor_move', position: null, ...this.#cursor, version })
  }

  #changed(ops: Ops, userId: string | undefined): void {
    this.#people.moved((position) => transformPosition(ops, position, false))
    if (this.#cursor) {
      const push = (position: number): number => transformPosition(ops, position, userId === undefined)
      this.#cursor = { position: push(this.#cursor.position), anchor: push(this.#cursor.anchor) }
    }
    if (ops.length > 0) this.#emit('change', { ops, userId })
  }

  #emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) (listener as Listener<Name>)(event)
  }
}
