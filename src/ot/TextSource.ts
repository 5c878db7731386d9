import { AbstractType, type Text, type Transaction, type YTextEvent } from 'yjs'
import { normal, type Delta, type Op } from './delta.ts'
import type { Source } from './Source.ts'

/** A root `Y.Text`, as Quill, CodeMirror and Monaco use it. */
export class TextSource implements Source {
  readonly #text: Text

  constructor(text: Text) {
    this.#text = text
  }

  content(): Delta {
    return normal((this.#text.toDelta() as readonly Op[]).map(plain))
  }

  apply({ ops }: Delta, origin: unknown): void {
    this.#text.doc?.transact(() => this.#text.applyDelta(ops), origin)
  }

  observe(listener: (change: Delta, origin: unknown) => void): () => void {
    const changed = (event: YTextEvent, { origin }: Transaction): void => {
      const delta = normal((event.delta as readonly Op[]).map(plain))
      if (delta.ops.length > 0) listener(delta, origin)
    }
    this.#text.observe(changed)
    return () => this.#text.unobserve(changed)
  }
}

/** A shared type inside a text is shown as an embed; its own changes are not followed. */
const plain = (op: Op): Op =>
  (op.insert as unknown) instanceof AbstractType ? { ...op, insert: { sharedType: true } } : op
