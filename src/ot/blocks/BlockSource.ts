import {
  createRelativePositionFromTypeIndex,
  XmlElement,
  XmlText,
  type Transaction,
  type XmlFragment,
  type YEvent,
} from 'yjs'
import { absolutePosition } from '../absolute-position.ts'
import { normal, type Delta, type Op } from '../delta.ts'
import type { BlockPatch, Source, SourceListener } from '../Source.ts'
import { applyPlan } from './apply-plan.ts'
import { changeOfLines, contentOf, lengthOf, readLine, readLines, shown, type Line } from './lines.ts'
import { planLines } from './plan.ts'
import type { KnownNames } from './schema.ts'

type Event = YEvent<XmlElement | XmlText | XmlFragment>

/**
 * A root `Y.XmlFragment` as ProseMirror editors (Tiptap) use it: each block of text is a line, whose line break carries
 * the name of the block and its attributes.
 */
export class BlockSource implements Source {
  readonly #fragment: XmlFragment
  #lines: readonly Line[] = []
  #byElement = new Map<XmlElement, Line>()

  constructor(fragment: XmlFragment) {
    this.#fragment = fragment
    this.#setLines(readLines(fragment))
  }

  content(): Delta {
    return contentOf(this.#lines)
  }

  blocks(): { length: number; id?: string }[] {
    return this.#lines.map(placeOf)
  }

  /** The lines are made anew at each change, so those of now can be read later. */
  remember(): () => Delta {
    const lines = this.#lines
    return () => contentOf(lines)
  }

  apply(change: Delta, origin: unknown): void {
    const lines = this.#lines
    const plan = planLines(lines, change, this.#known())
    this.#fragment.doc?.transact(() => applyPlan(this.#fragment, lines, plan), origin)
  }

  observe(listener: SourceListener): () => void {
    // What happened while nobody observed.
    this.#setLines(readLines(this.#fragment))
    const changed = (events: Event[], { origin }: Transaction): void => {
      const before = this.#lines
      const typed = this.#typed(events)
      const lines = typed?.lines ?? readLines(this.#fragment, this.#byElement, touched(events))
      const change = normal((typed?.change ?? changeOfLines(before, lines)).ops)
      this.#setLines(lines)
      if (change.ops.length > 0) listener(change, origin, patchOf(before, lines))
    }
    this.#fragment.observeDeep(changed)
    return () => this.#fragment.unobserveDeep(changed)
  }

  toRelative(index: number): unknown {
    let start = 0
    for (const line of this.#lines) {
      if (index < start + lengthOf(line)) return relativeIn(line.element, index - start)
      start += lengthOf(line)
    }
    const last = this.#lines.at(-1)
    return last
      ? relativeIn(last.element, last.content.length())
      : createRelativePositionFromTypeIndex(this.#fragment, 0)
  }

  toIndex(relative: unknown): number | undefined {
    const place = absolutePosition(relative, this.#fragment.doc)
    if (!place) return undefined
    const { type } = place
    const element = type instanceof XmlText ? type.parent : type
    let start = 0
    for (const line of this.#lines) {
      if (line.element === element) {
        return (
          start +
          (type instanceof XmlText
            ? offsetOf(line.element, type) + place.index
            : sizeBefore(line.element, place.index))
        )
      }
      // A place between blocks is the beginning of the next one.
      if (element instanceof XmlElement || element === this.#fragment) {
        const child = (element as XmlElement).toArray()[place.index]
        if (child && (child === line.element || isWithin(line.element, child))) return start
      }
      start += lengthOf(line)
    }
    return element === this.#fragment ? Math.max(0, start - 1) : undefined
  }

  /** What became of it when somebody has typed in one text, as nearly always. */
  #typed(events: readonly Event[]): { lines: Line[]; change: Delta } | undefined {
    const [event, ...others] = events
    const text = event?.target
    if (!event || others.length > 0 || !(text instanceof XmlText)) return undefined
    const element = text.parent
    const known = element instanceof XmlElement ? this.#byElement.get(element) : undefined
    if (!known) return undefined
    const at = this.#lines.indexOf(known)
    const lines = [...this.#lines]
    lines[at] = readLine(known.element, (known.attributes['in'] as string | undefined) ?? '')
    let start = offsetOf(known.element, text)
    for (const line of this.#lines.slice(0, at)) start += lengthOf(line)
    const ops = (event.delta as readonly Op[]).map(shown)
    return { lines, change: normal([{ retain: start }, ...ops]) }
  }

  #setLines(lines: readonly Line[]): void {
    this.#lines = lines
    this.#byElement = new Map(lines.map((line) => [line.element, line]))
  }

  #known(): KnownNames {
    const blocks = new Set<string>()
    const containers = new Set<string>()
    const marks = new Set<string>()
    for (const { attributes, content } of this.#lines) {
      blocks.add(attributes['block'] as string)
      if (typeof attributes['in'] === 'string') containers.add(attributes['in'])
      for (const op of content.ops) for (const name of Object.keys(op.attributes ?? {})) marks.add(name)
    }
    return { blocks, containers, marks }
  }
}

const placeOf = (line: Line): { length: number; id?: string } => {
  const { id } = line.attributes
  return { length: lengthOf(line), ...(typeof id === 'string' && { id }) }
}

/** The elements whose lines have to be read again. */
const touched = (events: readonly Event[]): Set<unknown> =>
  new Set(events.map(({ target }) => (target instanceof XmlText ? target.parent : target)))

const patchOf = (before: readonly Line[], after: readonly Line[]): BlockPatch => {
  const shorter = Math.min(before.length, after.length)
  let at = 0
  while (at < shorter && before[at] === after[at]) at += 1
  let end = 0
  while (end < shorter - at && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return {
    at,
    removed: before.slice(at, before.length - end).map(placeOf),
    inserted: after.length - end - at,
  }
}

const relativeIn = (element: XmlElement, offset: number): unknown => {
  let start = 0
  for (const child of element.toArray()) {
    const size = child instanceof XmlText ? child.length : 1
    if (child instanceof XmlText && offset <= start + size)
      return createRelativePositionFromTypeIndex(child, offset - start)
    start += size
  }
  return createRelativePositionFromTypeIndex(element, Math.min(element.length, offset))
}

const sizeBefore = (element: XmlElement, count: number): number =>
  element
    .toArray()
    .slice(0, count)
    .reduce((sum, child) => sum + (child instanceof XmlText ? child.length : 1), 0)

const offsetOf = (element: XmlElement, text: XmlText): number =>
  sizeBefore(element, element.toArray().indexOf(text))

const isWithin = (element: XmlElement, ancestor: unknown): boolean => {
  for (let at: unknown = element.parent; at instanceof XmlElement; at = at.parent)
    if (at === ancestor) return true
  return false
}
