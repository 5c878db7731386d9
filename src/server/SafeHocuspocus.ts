import {
  Hocuspocus,
  type Configuration,
  type Connection,
  type Document,
  type Extension,
  type HookName,
  type HookPayloadByName,
  type connectedPayload,
  type onLoadDocumentPayload,
  type onStoreDocumentPayload,
} from '@hocuspocus/server'
import { identityOf } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import type { Logger } from '../logger.ts'
import {
  answeringHooks,
  compileHooks,
  containedHooks,
  isSkip,
  isStop,
  reportingHooks,
  type CompiledHook,
} from './hook-policy.ts'
import { RetryingDebouncer, type RetryDelays } from './RetryingDebouncer.ts'

export interface SafeHocuspocusOptions {
  readonly extensions: readonly Extension[]
  readonly logger: Logger
  /** Settings of Hocuspocus; it is always quiet. */
  readonly configuration?: Partial<Omit<Configuration, 'extensions' | 'quiet'>>
  /** Waits between the attempts of a store that fails. */
  readonly storeRetry?: Partial<RetryDelays>
  /** How long a caller of `DirectConnection.disconnect` waits for its store, ms. @default 30000 */
  readonly storeWaitMs?: number
  /** Called for each failed attempt to store a document. */
  readonly onStoreFailed?: () => void
}

export interface FailingStore {
  /** Time of the first failure, ms since the epoch. */
  readonly since: number
  readonly attempts: number
  /** Message of the last failure. */
  readonly error: string
}

export interface DrainReport {
  readonly complete: boolean
  /** Documents that are not stored or not unloaded yet. */
  readonly pending: string[]
}

/** A document that is being opened. */
interface Reservation {
  callers: number
  /** A socket was attached; its closing unloads the document. */
  attached: boolean
  unloadRefused: boolean
}

const resolved: Promise<unknown> = Promise.resolve()

/** How often `drain` looks, and how often it tries a failing store again, ms. */
const drainCheckMs = 20
const drainRetryMs = 500

/**
 * Hocuspocus, unmodified, made to survive what its extensions and stores do:
 *
 * - a hook that throws cannot end the process; a connection refused by `connected` is closed;
 * - a document that fails to load is destroyed, and the next attempt starts afresh;
 * - a document that cannot be stored stays in memory and is stored again until that succeeds;
 * - a document cannot be unloaded while it is being opened, nor opened while its unloading still runs;
 * - `drain` ends.
 */
export class SafeHocuspocus extends Hocuspocus {
  readonly #logger: Logger
  readonly #storeWaitMs: number
  readonly #onStoreFailed: () => void
  readonly #debouncer: RetryingDebouncer
  readonly #failingStores = new Map<string, FailingStore>()
  readonly #reservations = new Map<string, Reservation>()
  #compiled = new Map<HookName, readonly CompiledHook[]>()
  #compiledFrom: readonly Extension[] = []
  #compiledLength = 0

  constructor({
    extensions,
    logger,
    configuration = {},
    storeRetry,
    storeWaitMs = 30_000,
    onStoreFailed = () => undefined,
  }: SafeHocuspocusOptions) {
    super()
    this.#logger = logger
    this.#storeWaitMs = storeWaitMs
    this.#onStoreFailed = onStoreFailed
    this.#debouncer = new RetryingDebouncer(storeRetry)
    this.debouncer = this.#debouncer
    const noOps = this.configuration
    this.configure({ ...configuration, extensions: [...extensions], quiet: true })
    dropNoOps(this.configuration.extensions, noOps)
  }

  /** Documents whose last store failed; each is tried again. */
  get failingStores(): ReadonlyMap<string, FailingStore> {
    return this.#failingStores
  }

  /** Whether any extension has the hook. */
  hasHook(name: HookName): boolean {
    return this.#hooksOf(name).length > 0
  }

  /**
   * Runs the hook of each extension in turn. Rejects with the first error, except for the hooks that nobody awaits
   * (see {@link containedHooks}): those log it and go on.
   */
  override hooks<Name extends HookName>(
    name: Name,
    payload: HookPayloadByName[Name],
    callback: ((result: never) => unknown) | null = null,
  ): Promise<unknown> {
    if (name === 'connected') this.#markAttached(payload as connectedPayload)
    const hooks = this.#hooksOf(name)
    return hooks.length === 0 ? resolved : this.#run(name, hooks, payload, callback)
  }

  override async createDocument(...args: Parameters<Hocuspocus['createDocument']>): Promise<Document> {
    const [documentName] = args
    if (!documentName.trim()) throw new CodraftError('CODRAFT_DOCUMENT_NAME_INVALID')
    const reservation = this.#reserve(documentName)
    try {
      // `afterUnloadDocument` knows the document by its name only: loaded again meanwhile, it would clear the new one's state.
      if (!this.documents.has(documentName)) await this.unloadingDocuments.get(documentName)
      return await super.createDocument(...args)
    } catch (error) {
      throw error instanceof CodraftError
        ? error
        : new CodraftError('CODRAFT_DOCUMENT_UNAVAILABLE', '', { cause: error })
    } finally {
      // The caller attaches its connection in a microtask of this turn.
      setImmediate(() => this.#release(documentName, reservation))
    }
  }

  /**
   * Stores the document after the debounce, and again and again while that fails.
   *
   * @returns when `immediately`, resolves after one attempt (or `storeWaitMs`), whether or not it succeeded; never rejects
   */
  override async storeDocumentHooks(
    document: Document,
    hookPayload: onStoreDocumentPayload,
    immediately = false,
  ): Promise<void> {
    const isUnstored = !this.hasHook('onStoreDocument') && !this.hasHook('afterStoreDocument')
    // Nothing to do now; the last connection that leaves unloads the document.
    if (isUnstored && document.getConnectionsCount() > 0) return
    const { debounce, maxDebounce } = this.configuration
    const stored = this.#debouncer.debounce(
      `onStoreDocument-${document.name}`,
      () => this.#store(document, hookPayload),
      immediately ? 0 : debounce,
      maxDebounce,
    )
    await (immediately ? atMost(stored, this.#storeWaitMs) : stored)
  }

  override shouldUnloadDocument(document: Document): boolean {
    return !this.#reservations.has(document.name) && super.shouldUnloadDocument(document)
  }

  /** Unloads the document unless it is in use, is being opened, or is not stored. Never rejects. */
  override async unloadDocument(document: Document): Promise<void> {
    const { name } = document
    // A document that failed to load has the name of the one that is loaded next.
    if (this.documents.get(name) !== document) return
    const reservation = this.#reservations.get(name)
    if (reservation) reservation.unloadRefused = true
    try {
      await super.unloadDocument(document)
    } catch (error) {
      this.unloadingDocuments.delete(name)
      this.#logger.error({ err: error, document: name }, 'unloading a document failed')
    }
  }

  /**
   * Stores everything that is not stored, again and again where that fails, and waits until it is stored and until the
   * documents that nobody uses are unloaded, at most `deadlineMs`. Close the connections first.
   */
  async drain(deadlineMs: number): Promise<DrainReport> {
    const deadline = performance.now() + deadlineMs
    let retryAt = 0
    while (this.#pending().length > 0 && performance.now() < deadline) {
      if (performance.now() >= retryAt) {
        this.#debouncer.runAll()
        retryAt = performance.now() + drainRetryMs
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      setTimeout(resolve, Math.min(drainCheckMs, deadline - performance.now()))
      await promise
    }
    const pending = this.#pending()
    return { complete: pending.length === 0, pending }
  }

  #hooksOf(name: HookName): readonly CompiledHook[] {
    const { extensions } = this.configuration
    if (this.#compiledFrom !== extensions || this.#compiledLength !== extensions.length) {
      this.#compiled = new Map()
      this.#compiledFrom = extensions
      this.#compiledLength = extensions.length
    }
    let hooks = this.#compiled.get(name)
    if (!hooks) this.#compiled.set(name, (hooks = compileHooks(extensions, name)))
    return hooks
  }

  async #run(
    name: HookName,
    hooks: readonly CompiledHook[],
    payload: unknown,
    callback: ((result: never) => unknown) | null,
  ): Promise<unknown> {
    // As in Hocuspocus no hook runs inside its caller: `onChange` must not edit within the transaction that it reports.
    await resolved
    let result: unknown
    let failure: unknown
    for (const { run, extension, extensionName } of hooks) {
      try {
        result = await Reflect.apply(run, extension, [payload])
        if (callback) result = await callback(result as never)
      } catch (error) {
        this.#logFailure(name, extensionName, payload, error)
        if (!containedHooks.has(name)) throw this.#settle(name, payload, error)
        if (isStop(error)) {
          if (answeringHooks.has(name)) throw error
          break
        }
        failure ??= error
      }
    }
    if (failure && reportingHooks.has(name)) throw failure
    return result
  }

  #logFailure(hook: HookName, extension: string, payload: unknown, error: unknown): void {
    if (isStop(error)) return
    const { documentName, socketId, context } = payload as Partial<onLoadDocumentPayload>
    // A coded error is an answer to a client, and an error of `beforeUnloadDocument` a veto: no faults.
    const isAnswer = error instanceof CodraftError || hook === 'beforeUnloadDocument'
    const level = isAnswer && !containedHooks.has(hook) ? 'debug' : 'error'
    const about = { connection: socketId, document: documentName, userId: identityOf(context)?.userId }
    this.#logger[level]({ err: error, hook, extension, ...about }, 'a hook failed')
  }

  /** Undoes what Hocuspocus leaves behind when the hook rejects. Returns the error to reject with. */
  #settle(name: HookName, payload: unknown, error: unknown): unknown {
    if (name === 'onLoadDocument' || name === 'afterLoadDocument') {
      ;(payload as { document: Document }).document.destroy()
    }
    if (name !== 'connected') return error
    const refusal = hasReason(error) ? error : new CodraftError('CODRAFT_HOOK_FAILED', '', { cause: error })
    refuse((payload as connectedPayload).connection, refusal)
    return refusal
  }

  async #store(document: Document, payload: onStoreDocumentPayload): Promise<void> {
    const { name } = document
    // Failed to load, or erased.
    if (document.isDestroyed) {
      this.#failingStores.delete(name)
      return
    }
    try {
      await document.saveMutex.runExclusive(async () => {
        await this.hooks('onStoreDocument', payload)
        await this.hooks('afterStoreDocument', payload)
      })
    } catch (error) {
      if (!isSkip(error)) {
        this.#noteFailedStore(name, error)
        throw error
      }
    }
    this.#failingStores.delete(name)
    // After the debouncer has seen that this run ended.
    setTimeout(() => void this.unloadDocument(document), 0)
  }

  #noteFailedStore(name: string, error: unknown): void {
    this.#onStoreFailed()
    const before = this.#failingStores.get(name)
    const failing = {
      since: before?.since ?? Date.now(),
      attempts: (before?.attempts ?? 0) + 1,
      error: error instanceof Error ? error.message : String(error),
    }
    this.#failingStores.set(name, failing)
    this.#logger.warn(
      { document: name, attempts: failing.attempts },
      'a document cannot be stored; it stays in memory and is tried again',
    )
  }

  #reserve(name: string): Reservation {
    let reservation = this.#reservations.get(name)
    if (!reservation) {
      reservation = { callers: 0, attached: false, unloadRefused: false }
      this.#reservations.set(name, reservation)
    }
    reservation.callers += 1
    return reservation
  }

  #release(name: string, reservation: Reservation): void {
    reservation.callers -= 1
    if (reservation.callers > 0) return
    this.#reservations.delete(name)
    // A socket that closed already waits for its last messages to be applied, and unloads the document then.
    if (reservation.attached && !reservation.unloadRefused) return
    const document = this.documents.get(name)
    if (document) void this.unloadDocument(document)
  }

  #markAttached({ documentName }: connectedPayload): void {
    const reservation = this.#reservations.get(documentName)
    if (reservation) reservation.attached = true
  }

  #pending(): string[] {
    const names = new Set(this.unloadingDocuments.keys())
    for (const id of this.#debouncer.unfinished) names.add(id.slice('onStoreDocument-'.length))
    for (const [name, document] of this.documents) if (document.getConnectionsCount() === 0) names.add(name)
    return [...names]
  }
}

/** Takes Hocuspocus' own hooks, which do nothing, out of the extension that it makes of its configuration. */
const dropNoOps = (extensions: Extension[], noOps: Configuration): void => {
  const own = extensions.pop()
  const hooks = Object.entries(own ?? {}).filter(
    ([name, hook]) => hook !== undefined && hook !== noOps[name as HookName],
  )
  if (hooks.length > 0) extensions.push({ extensionName: 'configuration', ...Object.fromEntries(hooks) })
}

const hasReason = (error: unknown): error is { reason: string; code?: unknown } =>
  typeof error === 'object' && error !== null && 'reason' in error && typeof error.reason === 'string'

const refuse = (connection: Connection, { reason, code }: { reason: string; code?: unknown }): void => {
  // Messages that came before the refusal are still in the connection's queue.
  connection.readOnly = true
  connection.close({ code: typeof code === 'number' ? code : 1011, reason })
}

const atMost = async (work: Promise<unknown>, ms: number): Promise<void> => {
  const { promise: timeout, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, timeout])
  clearTimeout(timer)
}
