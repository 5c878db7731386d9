import { getState, ID, Item, Skip, type AbstractStruct, type Doc } from 'yjs'
import { MalformedUpdate } from './UpdateReader.ts'

/** The structs of one client in an update, in the order of their clocks. */
interface Lane {
  readonly structs: AbstractStruct[]
  /** Index of the struct that comes next. */
  next: number
  /** Clock up to which the client's structs are in the document or came already. */
  state: number
  /** Clock of the struct that another one waits for. */
  target: number
  isOpen: boolean
}

type Lanes = ReadonlyMap<number, Lane>

/**
 * The structs of an update that the document lacks nothing for, each after those that it refers to: an order in which
 * they can be integrated one by one.
 *
 * @throws {MalformedUpdate} when structs of several clients refer to each other in a circle
 */
export function* causalOrder(document: Doc, structs: readonly AbstractStruct[]): Generator<AbstractStruct> {
  const lanes = lanesOf(document, structs)
  for (const lane of lanes.values()) {
    lane.target = Infinity
    lane.isOpen = true
    const open = [lane]
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const struct = top.structs[top.next]
      if (!struct || top.state > top.target) {
        top.isOpen = false
        open.pop()
        continue
      }
      const missing = missingReference(document, lanes, struct)
      if (missing) {
        const other = lanes.get(missing.client)
        if (!other || other.isOpen || other.next === other.structs.length)
          throw new MalformedUpdate('refers to itself')
        other.target = missing.clock
        other.isOpen = true
        open.push(other)
        continue
      }
      yield struct
      top.next += 1
      top.state = Math.max(top.state, struct.id.clock + struct.length)
    }
  }
}

const lanesOf = (document: Doc, structs: readonly AbstractStruct[]): Lanes => {
  const lanes = new Map<number, Lane>()
  for (const struct of structs) {
    if (struct instanceof Skip) continue
    const { client } = struct.id
    const lane = lanes.get(client)
    if (lane) lane.structs.push(struct)
    else {
      const state = getState(document.store, client)
      lanes.set(client, { structs: [struct], next: 0, state, target: Infinity, isOpen: false })
    }
  }
  return lanes
}

const missingReference = (document: Doc, lanes: Lanes, struct: AbstractStruct): ID | undefined => {
  if (!(struct instanceof Item)) return undefined
  const isMissing = (reference: unknown): reference is ID => {
    if (!(reference instanceof ID) || reference.client === struct.id.client) return false
    const state = lanes.get(reference.client)?.state ?? getState(document.store, reference.client)
    return reference.clock >= state
  }
  const { origin, rightOrigin, parent } = struct
  if (isMissing(origin)) return origin
  if (isMissing(rightOrigin)) return rightOrigin
  return isMissing(parent) ? parent : undefined
}
