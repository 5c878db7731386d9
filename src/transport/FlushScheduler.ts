/** Something that gathers output and sends it when its time has come. */
export interface Flushable {
  /** When to flush, on the clock of `performance.now()`. */
  dueAt: number
  flush(now: number): void
}

/** Node's timers tick in whole milliseconds: what is due this soon goes out at the end of the turn. */
const turnToleranceMs = 0.3

/**
 * One timer and one end-of-turn callback for all documents and sockets: documents flush when their window closes,
 * then every socket that has queued output writes once.
 */
export class FlushScheduler {
  #documents: Flushable[] = []
  #sockets: { flushQueue(): void }[] = []
  #endOfTurn = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity

  /** Flushes `document` at its `dueAt`. Call it once, when the document begins to gather. */
  schedule(document: Flushable, now: number): void {
    this.#documents.push(document)
    this.#wakeAt(document.dueAt, now)
  }

  /** A scheduled document has become due earlier. */
  hasten(document: Flushable, now: number): void {
    this.#wakeAt(document.dueAt, now)
  }

  /** Writes the queue of `socket` at the end of this turn, or earlier with {@link flushSockets}. */
  queue(socket: { flushQueue(): void }): void {
    this.#sockets.push(socket)
    this.#runAtEndOfTurn()
  }

  flushSockets(): void {
    const sockets = this.#sockets
    if (sockets.length === 0) return
    this.#sockets = []
    for (const socket of sockets) socket.flushQueue()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#documents = []
    this.#sockets = []
  }

  #wakeAt(dueAt: number, now: number): void {
    if (dueAt <= now + turnToleranceMs) {
      this.#runAtEndOfTurn()
      return
    }
    if (dueAt >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = dueAt
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity
        this.#run()
      },
      Math.max(1, dueAt - now),
    )
  }

  #runAtEndOfTurn(): void {
    if (this.#endOfTurn) return
    this.#endOfTurn = true
    setImmediate(() => {
      this.#endOfTurn = false
      this.#run()
    })
  }

  #run(): void {
    const now = performance.now()
    const due: Flushable[] = []
    const waiting: Flushable[] = []
    for (const document of this.#documents) {
      const list = document.dueAt <= now + turnToleranceMs ? due : waiting
      list.push(document)
    }
    this.#documents = waiting
    for (const document of due) document.flush(now)
    for (const document of waiting) this.#wakeAt(document.dueAt, now)
    this.flushSockets()
  }
}
