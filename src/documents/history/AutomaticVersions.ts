import type { Extension, onLoadDocumentPayload } from '@hocuspocus/server'
import { CodraftError } from '../../../extensions/errors.ts'
import { isRelayed } from '../../../extensions/transaction-origin.ts'
import type { Logger } from '../../logger.ts'
import type { History } from './History.ts'

export interface AutomaticVersionsOptions {
  readonly history: History
  readonly logger: Logger
  /** A document with this many edits since its last version gets one; 0 = none is made by itself. */
  readonly afterEdits: number
  /** A document edited this long ago gets one, ms. */
  readonly afterMs: number
  /** Who makes an edit, from the origin of its transaction. */
  readonly userOf: (origin: unknown) => string | undefined
}

interface Edited {
  edits: number
  dueAt: number
  lastAuthor: string | undefined
}

const scanMs = 1_000
const retryMs = 60_000

/**
 * Keeps a version of each document that is edited, from time to time and after many edits. What one instance has not
 * kept when it ends is part of the version after the next edits.
 */
export class AutomaticVersions implements Extension {
  readonly extensionName = 'AutomaticVersions'
  /** After the Journal extension, whose replay is no edit. */
  readonly priority = 880
  readonly #options: AutomaticVersionsOptions
  readonly #edited = new Map<string, Edited>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(options: AutomaticVersionsOptions) {
    this.#options = options
  }

  async onConfigure(): Promise<void> {
    if (this.#options.afterEdits === 0) return
    this.#timer = setInterval(() => this.#work(), Math.min(scanMs, this.#options.afterMs)).unref()
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    if (this.#options.afterEdits === 0) return
    document.on('update', (_update: Uint8Array, origin: unknown) => {
      if (!isRelayed(origin)) this.#note(documentName, origin)
    })
  }

  async onDestroy(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  #note(documentName: string, origin: unknown): void {
    const { afterMs, afterEdits, userOf } = this.#options
    let edited = this.#edited.get(documentName)
    if (!edited) {
      edited = { edits: 0, dueAt: performance.now() + afterMs, lastAuthor: undefined }
      this.#edited.set(documentName, edited)
    }
    edited.edits += 1
    edited.lastAuthor = userOf(origin) ?? edited.lastAuthor
    if (edited.edits === afterEdits) edited.dueAt = Math.min(edited.dueAt, performance.now())
  }

  #work(): void {
    this.#running ??= this.#keepDue().finally(() => {
      this.#running = undefined
    })
  }

  async #keepDue(): Promise<void> {
    for (const [documentName, edited] of this.#edited) {
      if (edited.dueAt > performance.now()) continue
      this.#edited.delete(documentName)
      try {
        await this.#keep(documentName, edited)
      } catch (error) {
        if (isGone(error)) continue
        this.#options.logger.warn({ err: error, document: documentName }, 'a version could not be kept')
        const meanwhile = this.#edited.get(documentName)
        this.#edited.set(documentName, {
          edits: edited.edits + (meanwhile?.edits ?? 0),
          dueAt: performance.now() + retryMs,
          lastAuthor: meanwhile?.lastAuthor ?? edited.lastAuthor,
        })
      }
    }
  }

  async #keep(documentName: string, { lastAuthor }: Edited): Promise<void> {
    const { history } = this.#options
    await history.create(documentName, { kind: 'automatic', authorId: lastAuthor ?? null })
    await history.thinOut(documentName)
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof CodraftError &&
  (error.errorCode === 'CODRAFT_DOCUMENT_ERASED' || error.errorCode === 'CODRAFT_DOCUMENT_NOT_FOUND')
