import { tooLarge, type TreeLimits } from './limits.ts'
import { tidyAttributes } from './json-value.ts'
import { isTextBlockName } from './names.ts'
import type { Attributes } from './tree.ts'

/** A mark as an editor stored it. */
export interface RawMark {
  readonly name: string
  readonly attrs: Attributes
}

export interface RawText {
  readonly text: string
  readonly marks: readonly RawMark[]
}

/** A node as an editor stored it: any name, any attributes, any order; only its size and depth are bounded. */
export interface RawElement {
  readonly name: string
  readonly attrs: Attributes
  readonly marks: readonly RawMark[]
  readonly children: RawNode[]
}

export type RawNode = RawElement | RawText

export const isRawText = (node: RawNode): node is RawText => 'text' in node

/**
 * Builds a raw tree from a stream of "open", "text", "close", and holds it to the limits, so that readers need no
 * recursion and no counting of their own.
 */
export class RawBuilder {
  readonly root: RawElement = { name: 'doc', attrs: {}, marks: [], children: [] }
  readonly #limits: TreeLimits
  readonly #stack: RawElement[] = [this.root]
  #nodes = 0
  #characters = 0
  /** Names of open elements past the deepest level that is kept. */
  readonly #beyond: string[] = []
  /** The block that takes the text of the element beyond the deepest level. */
  #unwrapped: RawElement | undefined

  constructor(limits: TreeLimits) {
    this.#limits = limits
  }

  open(name: string, attributes: Record<string, unknown> = {}, marks: readonly RawMark[] = []): void {
    if (this.#beyond.length > 0 || this.#stack.length > this.#limits.depth) {
      if (this.#limits.tooDeep === 'refuse')
        throw tooLarge(`more than ${this.#limits.depth} levels of nesting`)
      this.#beyond.push(name)
      this.#unwrapped = undefined
      return
    }
    const element: RawElement = { name, attrs: this.#tidy(attributes), marks, children: [] }
    this.#add(element)
    this.#stack.push(element)
  }

  text(text: string, marks: readonly RawMark[] = []): void {
    if (text === '') return
    this.#characters += text.length
    this.#add({ text, marks })
  }

  close(): void {
    if (this.#beyond.length > 0) {
      this.#beyond.pop()
      this.#unwrapped = undefined
    } else if (this.#stack.length > 1) this.#stack.pop()
  }

  /** An element without children. */
  leaf(name: string, attributes: Record<string, unknown> = {}, marks: readonly RawMark[] = []): void {
    if (this.#beyond.length > 0) this.#add({ name, attrs: this.#tidy(attributes), marks, children: [] })
    else {
      this.open(name, attributes, marks)
      this.close()
    }
  }

  get current(): RawElement {
    return this.#stack.at(-1) ?? this.root
  }

  #tidy(attributes: Record<string, unknown>): Attributes {
    const { attrs, characters } = tidyAttributes(attributes)
    this.#characters += characters
    return attrs
  }

  #add(node: RawNode): void {
    if (++this.#nodes > this.#limits.nodes) throw tooLarge(`more than ${this.#limits.nodes} nodes`)
    if (this.#characters > this.#limits.characters) {
      throw tooLarge(`more than ${this.#limits.characters} characters`)
    }
    const name = this.#beyond.at(-1)
    if (name === undefined) this.current.children.push(node)
    else {
      if (!this.#unwrapped) {
        const block = isTextBlockName(name) ? name : 'paragraph'
        this.#unwrapped = { name: block, attrs: {}, marks: [], children: [] }
        this.current.children.push(this.#unwrapped)
      }
      this.#unwrapped.children.push(node)
    }
  }
}
