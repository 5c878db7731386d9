import { fork, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { CodraftError } from '../../extensions/errors.ts'
import { siblingModule } from '../../extensions/sibling-module.ts'
import type { RenderedFile } from './render-pdf.ts'
import type { RenderAnswer, RenderRequest } from './RenderProtocol.ts'

export interface RenderPoolOptions {
  /** Child processes at most; further requests wait. @default 1 */
  readonly size?: number
  /** Time for one document, ms; the child is killed past it. @default 60_000 */
  readonly deadlineMs?: number
  /** Memory of a child, resident, bytes; it is killed past it. @default 1 GiB */
  readonly maxChildBytes?: number
  /** Documents after which a child is replaced. @default 50 */
  readonly recycleAfter?: number
  /**
   * Memory from which a child is replaced once it has finished, bytes. A document of 200 pages takes 250 MiB on top of it.
   * @default 256 MiB
   */
  readonly recycleAtBytes?: number
  /** How long an unused child is kept, ms. @default 60_000 */
  readonly idleMs?: number
}

/** How often the memory of a child at work is read, ms. */
const watchMs = 100

interface Child {
  readonly process: ChildProcess
  rendered: number
  idleTimer?: NodeJS.Timeout
}

/**
 * Renders documents in child processes, so that one which breaks, hangs or swallows memory takes nothing else with it: a
 * renderer of native code cannot be interrupted otherwise.
 */
export class RenderPool {
  readonly #options: Required<RenderPoolOptions>
  readonly #idle: Child[] = []
  readonly #all = new Set<Child>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #isClosed = false

  constructor(options: RenderPoolOptions = {}) {
    this.#options = {
      size: 1,
      deadlineMs: 60_000,
      maxChildBytes: 1024 ** 3,
      recycleAfter: 50,
      recycleAtBytes: 256 * 1024 ** 2,
      idleMs: 60_000,
      ...options,
    }
  }

  /**
   * @throws {CodraftError} CODRAFT_EXPORT_FAILED (it would fail again), CODRAFT_EXPORT_TOO_SLOW,
   * CODRAFT_EXPORT_TOO_LARGE (memory), CODRAFT_SERVER_DRAINING (the pool was closed)
   */
  async render(request: RenderRequest): Promise<RenderedFile> {
    if (this.#running >= this.#options.size) {
      // Whoever finishes hands its place over.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#running++
    try {
      if (this.#isClosed) throw new CodraftError('CODRAFT_SERVER_DRAINING')
      return await this.#renderIn(this.#take(), request)
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  /** Ids of the children that live. */
  get pids(): number[] {
    return [...this.#all].flatMap(({ process }) => process.pid ?? [])
  }

  /** Ends all children; what they render is given up with CODRAFT_SERVER_DRAINING. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#all].map((child) => this.#end(child)))
  }

  #take(): Child {
    const idle = this.#idle.pop()
    if (idle) {
      clearTimeout(idle.idleTimer)
      idle.process.ref()
      idle.process.channel?.ref()
      return idle
    }
    const process = fork(siblingModule(import.meta.url, 'render-child'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: ['--max-old-space-size=512'],
      // The child needs none of the settings, and no secret of them.
      env: {},
    })
    const child: Child = { process, rendered: 0 }
    this.#all.add(child)
    process.once('exit', () => {
      this.#all.delete(child)
      clearTimeout(child.idleTimer)
      if (this.#idle.includes(child)) this.#idle.splice(this.#idle.indexOf(child), 1)
    })
    return child
  }

  async #renderIn(child: Child, request: RenderRequest): Promise<RenderedFile> {
    const { deadlineMs, maxChildBytes } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<RenderAnswer>()
    const kill = (error: CodraftError): void => {
      reject(error)
      child.process.kill('SIGKILL')
    }
    const onExit = (): void =>
      reject(
        this.#isClosed
          ? new CodraftError('CODRAFT_SERVER_DRAINING')
          : new CodraftError('CODRAFT_EXPORT_FAILED', 'the renderer ended unexpectedly'),
      )
    const deadline = setTimeout(
      () => kill(new CodraftError('CODRAFT_EXPORT_TOO_SLOW', `not finished within ${deadlineMs} ms`)),
      deadlineMs,
    )
    const watch = setInterval(() => {
      void residentBytes(child.process.pid).then((bytes) => {
        if (bytes > maxChildBytes)
          kill(new CodraftError('CODRAFT_EXPORT_TOO_LARGE', 'the renderer ran out of memory'))
      })
    }, watchMs)
    child.process.once('message', resolve)
    child.process.once('error', reject)
    child.process.once('exit', onExit)
    try {
      child.process.send(request, (error) => {
        if (error)
          reject(
            new CodraftError('CODRAFT_EXPORT_FAILED', 'the renderer could not be reached', { cause: error }),
          )
      })
      const answer = await promise
      if ('errorCode' in answer) throw new CodraftError(answer.errorCode, answer.detail)
      return answer
    } finally {
      clearTimeout(deadline)
      clearInterval(watch)
      child.process.off('message', resolve)
      child.process.off('error', reject)
      child.process.off('exit', onExit)
      await this.#putBack(child)
    }
  }

  async #putBack(child: Child): Promise<void> {
    const { recycleAfter, recycleAtBytes, idleMs } = this.#options
    child.rendered++
    const isEnded =
      child.process.exitCode !== null || child.process.signalCode !== null || child.process.killed
    if (isEnded) return
    const isSpent =
      child.rendered >= recycleAfter || (await residentBytes(child.process.pid)) > recycleAtBytes
    if (isSpent || this.#isClosed) {
      await this.#end(child)
      return
    }
    // A child that waits for work does not keep its parent alive.
    child.process.unref()
    child.process.channel?.unref()
    child.idleTimer = setTimeout(() => void this.#end(child), idleMs).unref()
    this.#idle.push(child)
  }

  async #end(child: Child): Promise<void> {
    const { process } = child
    if (process.exitCode !== null || process.signalCode !== null) return
    const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()))
    process.ref()
    process.kill('SIGKILL')
    await ended
  }
}

const pageBytes = 4096

/** Resident memory of a process; 0 where the system does not say. */
const residentBytes = async (pid: number | undefined): Promise<number> => {
  try {
    const [, pages] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
    return Number(pages) * pageBytes
  } catch {
    return 0
  }
}
