import { ContentType, getState, ID, Item, type AbstractStruct, type Doc } from 'yjs'
import { causalOrder } from './causal-order.ts'
import { notSiblings, placeInDocument, typeInDocument, type Place } from './place.ts'
import { MalformedUpdate } from './UpdateReader.ts'

/**
 * Follows the structs of an update to the places where Yjs will put them, and refuses
 *
 * - types nested too deep: Yjs deletes and collects them by recursion, and a stack that overflows there leaves a document
 *   that never reports a change again;
 * - a struct between neighbours of different parents: it is in one list now, and in none for whoever loads the document
 *   after one of the parents was removed;
 * - a struct whose known part is elsewhere: Yjs puts the rest beside that part, and a replica puts it into that list;
 * - structs that refer to each other in a circle: they never become part of the document.
 *
 * @throws {MalformedUpdate}
 */
export const checkStructure = (document: Doc, structs: readonly AbstractStruct[], maxDepth: number): void => {
  const added = new AddedStructs()
  const isKnown = ({ client, clock }: ID): boolean => clock < getState(document.store, client)
  const placeAt = (id: ID): Place | undefined =>
    isKnown(id) ? placeInDocument(document, id, maxDepth) : added.find(id)?.place

  const placeOf = ({ origin, rightOrigin, parent, parentSub }: Item): Place | undefined => {
    if (origin && rightOrigin) return placeBetween(placeAt(origin), placeAt(rightOrigin))
    const beside = origin ?? rightOrigin
    if (beside) return placeAt(beside)
    if (typeof parent === 'string')
      return { parent: document.share.get(parent) ?? parent, parentSub, level: 0 }
    if (!(parent instanceof ID)) return undefined
    const type = isKnown(parent) ? typeInDocument(document, parent) : added.find(parent)?.struct
    const place = placeAt(parent)
    return type && place && { parent: type, parentSub, level: place.level + 1 }
  }

  for (const struct of causalOrder(document, structs)) {
    if (isKnown(new ID(struct.id.client, struct.id.clock + struct.length - 1))) continue
    const place = struct instanceof Item ? placeOf(struct) : undefined
    const { client } = struct.id
    if (isKnown(struct.id)) placeBetween(placeAt(new ID(client, getState(document.store, client) - 1)), place)
    if (place && place.level >= maxDepth && struct instanceof Item && struct.content instanceof ContentType)
      throw new MalformedUpdate('nested too deep')
    added.push(struct, place)
  }
}

/** What is put beside something removed is dropped. */
const placeBetween = (left: Place | undefined, right: Place | undefined): Place | undefined => {
  if (!left || !right) return undefined
  if (left.parent !== right.parent || left.parentSub !== right.parentSub)
    throw new MalformedUpdate(notSiblings)
  return left
}

interface Added {
  readonly struct: AbstractStruct
  readonly place: Place | undefined
}

/** The structs of an update that came already, in the order of their clocks. */
class AddedStructs {
  readonly #byClient = new Map<number, Added[]>()

  push(struct: AbstractStruct, place: Place | undefined): void {
    const { client } = struct.id
    const added = this.#byClient.get(client)
    if (added) added.push({ struct, place })
    else this.#byClient.set(client, [{ struct, place }])
  }

  /** The struct that holds the clock; those of one client follow each other without a gap. */
  find({ client, clock }: ID): Added | undefined {
    const added = this.#byClient.get(client) ?? []
    let low = 0
    let high = added.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (added[middle]!.struct.id.clock <= clock) low = middle
      else high = middle - 1
    }
    return added[low]
  }
}
