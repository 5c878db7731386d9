interface Deadline<Key> {
  readonly key: Key
  readonly dueAt: number
  /** Place in the heap. */
  place: number
}

/** The clock is looked at again after this long, so that a clock that was set, or a machine that slept, delays nothing further. */
const maxWaitMs = 60_000

/** Tokens expire at whole seconds, many at once; in between the event loop gets its turn. */
const maxDuePerTurn = 500

/** One deadline for each key and one timer for all of them: a binary heap with the earliest on top. The timer does not keep the process alive. */
export class Deadlines<Key> {
  readonly #onDue: (key: Key) => void
  readonly #heap: Deadline<Key>[] = []
  readonly #byKey = new Map<Key, Deadline<Key>>()
  #timer: NodeJS.Timeout | undefined

  /** @param onDue When the deadline of a key has come; the key is forgotten by then and may be set again. */
  constructor(onDue: (key: Key) => void) {
    this.#onDue = onDue
  }

  get size(): number {
    return this.#heap.length
  }

  /** @param dueAt epoch ms; takes the place of the earlier deadline of this key */
  set(key: Key, dueAt: number): void {
    this.#remove(key)
    const deadline = { key, dueAt, place: this.#heap.length }
    this.#byKey.set(key, deadline)
    this.#heap.push(deadline)
    this.#rise(deadline)
    this.#arm()
  }

  delete(key: Key): void {
    if (this.#remove(key)) this.#arm()
  }

  clear(): void {
    this.#heap.length = 0
    this.#byKey.clear()
    this.#arm()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const next = this.#heap[0]
    if (!next) return
    const waitMs = Math.min(Math.max(next.dueAt - Date.now(), 0), maxWaitMs)
    this.#timer = setTimeout(() => this.#run(), waitMs).unref()
  }

  #run(): void {
    try {
      for (let count = 0; count < maxDuePerTurn; count++) {
        const next = this.#heap[0]
        if (!next || next.dueAt > Date.now()) return
        this.#remove(next.key)
        this.#onDue(next.key)
      }
    } finally {
      this.#arm()
    }
  }

  #remove(key: Key): boolean {
    const deadline = this.#byKey.get(key)
    if (!deadline) return false
    this.#byKey.delete(key)
    const last = this.#heap.pop()
    if (last && last !== deadline) {
      this.#put(last, deadline.place)
      this.#rise(last)
      this.#sink(last)
    }
    return true
  }

  #put(deadline: Deadline<Key>, place: number): void {
    deadline.place = place
    this.#heap[place] = deadline
  }

  #rise(deadline: Deadline<Key>): void {
    while (deadline.place > 0) {
      const { place } = deadline
      const parent = this.#heap[(place - 1) >> 1]
      if (!parent || parent.dueAt <= deadline.dueAt) return
      this.#put(deadline, parent.place)
      this.#put(parent, place)
    }
  }

  #sink(deadline: Deadline<Key>): void {
    for (;;) {
      const { place } = deadline
      const left = this.#heap[2 * place + 1]
      const right = this.#heap[2 * place + 2]
      const child = left && right && right.dueAt < left.dueAt ? right : left
      if (!child || child.dueAt >= deadline.dueAt) return
      this.#put(deadline, child.place)
      this.#put(child, place)
    }
  }
}
