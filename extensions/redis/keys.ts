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

  /** Stream of the records of a document, and the channel on which each new one is announced. */
  edits(documentName: string): string {
    return this.#ofDocument(documentName, 'edits')
  }

  /** Channel of the cursors of a document. */
  awareness(documentName: string): string {
    return this.#ofDocument(documentName, 'awareness')
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
