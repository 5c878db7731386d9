import {
  AbstractType,
  createRelativePositionFromTypeIndex,
  type Text,
  type Transaction,
  type YTextEvent,
} from 'yjs'
import { absolutePosition } from './absolute-position.ts'
import { normal, type Delta, type Op } from './delta.ts'
import type { Source, SourceListener } from './Source.ts'

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

  observe(listener: SourceListener): () => void {
    const changed = (event: YTextEvent, { origin }: Transaction): void => {
      const delta = normal((event.delta as readonly Op[]).map(plain))
      if (delta.ops.length > 0) listener(delta, origin)
    }
    this.#text.observe(changed)
    return () => this.#text.unobserve(changed)
  }

  remember(change: Delta): (() => Delta) | undefined {
    if (isTextOnly(change)) return undefined
    const content = this.content()
    return () => content
  }

  toRelative(index: number): unknown {
    return createRelativePositionFromTypeIndex(this.#text, index)
  }

  toIndex(relative: unknown): number | undefined {
    const place = absolutePosition(relative, this.#text.doc)
    return place?.type === this.#text ? place.index : undefined
  }
}

/** A shared type inside a text is shown as an embed; its own changes are not followed. */
const plain = (op: Op): Op =>
  (op.insert as unknown) instanceof AbstractType ? { ...op, insert: { sharedType: true } } : op

const isTextOnly = ({ ops }: Delta): boolean =>
  ops.every(({ insert, attributes }) => !attributes && typeof insert !== 'object')
