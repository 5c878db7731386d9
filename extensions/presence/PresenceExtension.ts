import type { connectedPayload, Extension } from '@hocuspocus/server'
import type { Presence, Visitor } from './Presence.ts'

export interface PresenceExtensionOptions {
  readonly presence: Presence
  /**
   * The user of a Hocuspocus context; a connection without one is not counted.
   *
   * @default the `user` of the context, where the Auth extension puts it
   */
  readonly identityOf?: (context: unknown) => Visitor | undefined
}

const userOfContext = (context: unknown): Visitor | undefined => {
  const { id, name } = (context as { user?: { id?: unknown; name?: unknown } } | undefined)?.user ?? {}
  return typeof id === 'string' ? { userId: id, ...(typeof name === 'string' && { name }) } : undefined
}

/** Enters each connection of a document into a presence registry, and takes it out when it closes. */
export class PresenceExtension implements Extension {
  readonly extensionName = 'Presence'
  readonly #options: PresenceExtensionOptions
  #visits = 0

  constructor(options: PresenceExtensionOptions) {
    this.#options = options
  }

  /** Connections to documents by users that are known; one of several documents counts for each. */
  get visits(): number {
    return this.#visits
  }

  async connected({ connection, documentName }: connectedPayload): Promise<void> {
    const { presence, identityOf = userOfContext } = this.#options
    const user = identityOf(connection.context)
    if (!user || !connection.document.hasConnection(connection)) return
    const leave = presence.enter(documentName, user)
    this.#visits += 1
    connection.onClose(() => {
      this.#visits -= 1
      leave()
    })
  }
}
