import type { Presence, PresenceEvent, PresentUser, Visitor, Whereabouts } from './Presence.ts'
import { PresenceView } from './PresenceView.ts'

export interface MemoryPresenceOptions {
  /**
   * Who is back within this time has never left, ms.
   * @default 2_000
   */
  readonly leaveDelayMs?: number
}

const instance = 'local'

/** Presence of a server that has no others beside it. */
export class MemoryPresence implements Presence {
  readonly #leaveDelayMs: number
  readonly #views = new Map<string, PresenceView>()
  readonly #listeners = new Set<(event: PresenceEvent) => void>()

  constructor({ leaveDelayMs = 2_000 }: MemoryPresenceOptions = {}) {
    this.#leaveDelayMs = leaveDelayMs
  }

  enter(documentName: string, user: Visitor): () => void {
    const { userId } = user
    const view = this.#view(documentName)
    view.set(instance, user, view.count(instance, userId) + 1)
    let isIn = true
    return () => {
      if (isIn) view.set(instance, user, view.count(instance, userId) - 1)
      isIn = false
    }
  }

  async users(documentName: string): Promise<PresentUser[]> {
    return this.#views.get(documentName)?.users ?? []
  }

  async whereIs(userId: string): Promise<Whereabouts[]> {
    return [...this.#views]
      .filter(([, view]) => view.count(instance, userId) > 0)
      .map(([documentName]) => ({ instance, documentName }))
  }

  onChange(listener: (event: PresenceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    for (const view of this.#views.values()) view.close()
    this.#views.clear()
  }

  #view(documentName: string): PresenceView {
    let view = this.#views.get(documentName)
    if (!view) {
      view = new PresenceView({
        documentName,
        instance,
        leaveDelayMs: this.#leaveDelayMs,
        onChange: (event) => {
          for (const listener of this.#listeners) listener(event)
        },
        onEmpty: () => this.#views.delete(documentName),
      })
      this.#views.set(documentName, view)
    }
    return view
  }
}
