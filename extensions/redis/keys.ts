/**
 * Names of keys and channels. Everything of one document has its name as hash tag, so that a Redis Cluster keeps it
 * on one node; `{`, `}` and `%` in names are percent-encoded.
 */
export class RedisKeys {
  readonly #prefix: string

  /** @param prefix before every name, so that several fleets can share one Redis */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Sorted set of the instances that live, by when they count as dead. */
  get instances(): string {
    return `${this.#prefix}instances`
  }

  /** Hash of what each instance tells of itself, as JSON. */
  get summaries(): string {
    return `${this.#prefix}fleet:summaries`
  }

  /** Held by the instance that looks for what dead ones have left. */
  get sweep(): string {
    return `${this.#prefix}fleet:sweep`
  }

  /** Stream of the records of a document, and the channel on which each new one is announced. */
  edits(documentName: string): string {
    return this.#ofDocument(documentName, 'edits')
  }

  /** Channel of the cursors of a document. */
  awareness(documentName: string): string {
    return this.#ofDocument(documentName, 'awareness')
  }

  /** Hash of who has a document open: `[instance, user]` and `[name, connections]`, as JSON. */
  users(documentName: string): string {
    return this.#ofDocument(documentName, 'users')
  }

  /** Channel of changes of {@link users}. */
  presence(documentName: string): string {
    return this.#ofDocument(documentName, 'presence')
  }

  /** Hash of where a user is: `[instance, document]`, as JSON. */
  user(userId: string): string {
    return `${this.#prefix}ws:${userId}`
  }

  /** Stream of the commands to all instances, and the channel on which each new one is announced. */
  get commands(): string {
    return `${this.#prefix}fleet:commands`
  }

  /** Pattern of all {@link edits}, for SCAN. */
  get allEdits(): string {
    return `${this.#prefix}doc:{*}:edits`
  }

  /** The document of a key that {@link edits} has made. */
  documentOfEdits(key: string): string {
    return decodeURIComponent(key.slice(this.#prefix.length + 'doc:{'.length, -'}:edits'.length))
  }

  #ofDocument(documentName: string, what: string): string {
    const tag = documentName.replaceAll(/[%{}]/g, encodeURIComponent)
    return `${this.#prefix}doc:{${tag}}:${what}`
  }
}
