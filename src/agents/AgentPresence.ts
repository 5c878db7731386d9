import { setTimeout as wait } from 'node:timers/promises'
import { connect, type CollaborativeDocument, type Ops } from '../client/index.ts'
import type { ServerAccess } from './DocumentsApi.ts'

export interface AgentPresenceOptions extends ServerAccess {
  /** Whether there is such a document: to open one that does not exist would create it. */
  readonly exists: (documentName: string) => Promise<boolean>
  /** Name of the program, shown at its cursor with that of the user. */
  readonly agent: string
  /** `#rrggbb` */
  readonly color: string
  /** How long it stays in a document after it has done something there, ms. @default 120_000 */
  readonly stayMs?: number
}

interface Visit {
  readonly document: CollaborativeDocument
  leaving: NodeJS.Timeout
  /** The next edit of the user in this document is the agent's. */
  isEditing: boolean
}

/** A document that cannot be shown to have the agent in it is edited all the same. */
const maxWaitMs = 2_000

/** Shows an agent to the people in the documents that it works on, with a cursor where it has edited last. */
export class AgentPresence {
  readonly #options: AgentPresenceOptions
  readonly #visits = new Map<string, Visit>()

  constructor(options: AgentPresenceOptions) {
    this.#options = options
  }

  /** Resolves when the agent is seen in the document, or when it cannot be. */
  async enter(documentName: string): Promise<void> {
    const { document, leaving } = this.#visit(documentName)
    leaving.refresh()
    await Promise.race([
      document.whenOnline().catch(() => undefined),
      wait(maxWaitMs, undefined, { ref: false }),
    ])
  }

  /** Does an edit of the agent, and shows where it was. */
  async during(documentName: string, edit: () => Promise<void>): Promise<void> {
    const isThere = this.#visits.has(documentName) || (await this.#options.exists(documentName))
    if (isThere) {
      await this.enter(documentName)
      this.#visit(documentName).isEditing = true
      await edit()
    } else {
      await edit()
      await this.enter(documentName)
      const { document } = this.#visit(documentName)
      document.cursor(endOf(document.content))
    }
  }

  close(): void {
    for (const documentName of this.#visits.keys()) this.#leave(documentName)
  }

  #visit(documentName: string): Visit {
    const known = this.#visits.get(documentName)
    if (known) return known
    const { url, token, agent, color, stayMs = 120_000 } = this.#options
    const document = connect({ url: socketUrl(url), documentId: documentName, token, agent, color })
    const leaving = setTimeout(() => this.#leave(documentName), stayMs).unref()
    const visit = { document, leaving, isEditing: false }
    this.#visits.set(documentName, visit)
    document.onChange(({ ops, userId }) => {
      if (!visit.isEditing || userId !== document.userId) return
      visit.isEditing = false
      document.cursor(endOfWord(document.text, endOf(ops)))
    })
    document.on('failed', () => this.#leave(documentName))
    return visit
  }

  #leave(documentName: string): void {
    const visit = this.#visits.get(documentName)
    this.#visits.delete(documentName)
    clearTimeout(visit?.leaving)
    visit?.document.close()
  }
}

const socketUrl = (url: string): string => new URL('/ws', url.replace(/^http/, 'ws')).href

/** Where the last change of some ops ends; at the end of a line, not behind it. */
const endOf = (ops: Ops): number => {
  let position = 0
  for (const { retain = 0, insert } of ops) {
    if (insert === undefined) position += retain
    else position += typeof insert === 'string' ? insert.length : 1
  }
  const last = ops.at(-1)?.insert
  return typeof last === 'string' && last.endsWith('\n') ? position - 1 : position
}

/** An edit that keeps the end of a word is shown behind the word. */
const endOfWord = (text: string, position: number): number =>
  position + (/^[\p{L}\p{N}]*/u.exec(text.slice(position))?.[0].length ?? 0)
