import type { Document } from '@hocuspocus/server'
import { AbstractType, Text, XmlElement, XmlFragment, XmlText } from 'yjs'
import { CodraftError } from '../../../extensions/errors.ts'
import { BlockSource } from '../../ot/blocks/BlockSource.ts'
import { OpSession, type OpSessionOptions, type Outgoing } from '../../ot/OpSession.ts'
import type { Source } from '../../ot/Source.ts'
import { TextSource } from '../../ot/TextSource.ts'

export type FieldKind = 'text' | 'blocks'

/** A root type of a document that JSON clients have open. */
export class JsonField {
  readonly kind: FieldKind
  readonly source: Source
  readonly session: OpSession
  /** Messages that several clients get, as text, by their ops. */
  readonly #texts = new WeakMap<object, string>()

  constructor(
    document: Document,
    name: string,
    kind: FieldKind,
    options: Omit<OpSessionOptions, 'source' | 'epoch'>,
  ) {
    this.kind = kind
    this.source = sourceOf(document, name, kind)
    this.session = new OpSession({ ...options, source: this.source, epoch: crypto.randomUUID().slice(0, 13) })
  }

  get epoch(): string {
    return this.session.options.epoch
  }

  textOf(message: Extract<Outgoing, { type: 'remote_edit' }>): string {
    let text = this.#texts.get(message.ops)
    if (text === undefined) {
      text = JSON.stringify(message)
      this.#texts.set(message.ops, text)
    }
    return text
  }
}

const sourceOf = (document: Document, name: string, kind: FieldKind): Source => {
  if (kind === 'blocks') return new BlockSource(document.get(name, XmlFragment))
  return new TextSource(document.get(name, Text))
}

/** What a root type holds, as far as it can be told from its content; `fallback` when it is empty. */
export const kindOf = (document: Document, name: string, fallback: FieldKind): FieldKind => {
  const root = document.share.get(name)
  if (!root) return fallback
  if (root instanceof XmlFragment) return 'blocks'
  if (root instanceof Text) return 'text'
  for (let item = root._start; item; item = item.right) {
    if (item.deleted) continue
    const { type } = item.content as { type?: unknown }
    return type instanceof XmlElement || type instanceof XmlText ? 'blocks' : 'text'
  }
  return fallback
}

/** @throws {CodraftError} CODRAFT_EDIT_INVALID when the root type holds something else */
export const checkKind = (document: Document, name: string, kind: FieldKind): void => {
  const root = document.share.get(name) as AbstractType<unknown> | undefined
  if (!root) return
  const isMap = root._map.size > 0 && !root._start
  const isKnownOther = ![AbstractType, Text, XmlFragment].some((type) => root.constructor === type)
  if (isMap || isKnownOther || kindOf(document, name, kind) !== kind) {
    throw new CodraftError('CODRAFT_EDIT_INVALID', `the field holds no ${kind}`)
  }
}
