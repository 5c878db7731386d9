import { isUtf8 } from 'node:buffer'

/** An update that no honest client sends; the message names the check. */
export class MalformedUpdate extends Error {
  override readonly name = 'MalformedUpdate'
}

/** Encodes numbers up to 2^53 in at most this many bytes, 7 bits in each. */
const maxVarIntBytes = 8

/** Tags of lib0's `any` encoding. */
const Any = {
  undefined: 127,
  null: 126,
  integer: 125,
  float32: 124,
  float64: 123,
  bigint: 122,
  false: 121,
  true: 120,
  string: 119,
  object: 118,
  array: 117,
  bytes: 116,
} as const

/** As lib0's: a byte order mark is text. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Walks over the values of a V1 update without building them. Stricter than lib0, which reads beyond the update into the
 * memory around it, takes padded numbers for NaN, and recurses as deep as the input says.
 *
 * Every method throws {@link MalformedUpdate} at the end of the bytes or when a value is not well-formed.
 */
export class UpdateReader {
  readonly #bytes: Uint8Array
  readonly #maxDepth: number
  #at = 0

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes
    this.#maxDepth = maxDepth
  }

  get rest(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new MalformedUpdate('ends too early')
    return byte
  }

  /** An unsigned number up to 2^53 - 1. */
  uint(): number {
    let byte = this.byte()
    if (byte < 128) return byte
    let value = byte & 127
    let factor = 128
    for (let i = 1; i < maxVarIntBytes; i++) {
      byte = this.byte()
      value += (byte & 127) * factor
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      factor *= 128
    }
    throw new MalformedUpdate('number out of range')
  }

  skip(length: number): void {
    this.#at += length
    if (this.#at > this.#bytes.length) throw new MalformedUpdate('ends too early')
  }

  /** Passes a string. Returns its length in UTF-16 units. */
  string(): number {
    const length = this.uint()
    const from = this.#at
    this.skip(length)
    let units = length
    let isAscii = true
    for (let i = from; i < this.#at; i++) {
      const byte = this.#bytes[i]!
      if (byte < 128) continue
      isAscii = false
      // A character takes one unit for its leading byte, and one more beyond the basic plane (4 bytes in UTF-8).
      if ((byte & 0xc0) === 0x80) units -= 1
      else if (byte >= 0xf0) units += 1
    }
    if (!isAscii) this.#checkUtf8(from)
    return units
  }

  text(): string {
    const length = this.uint()
    const from = this.#at
    this.skip(length)
    this.#checkUtf8(from)
    return decoder.decode(this.#bytes.subarray(from, this.#at))
  }

  /** Passes a string that holds JSON, or the word `undefined` where `mayBeUndefined`. */
  json(mayBeUndefined = false): void {
    const text = this.text()
    if (mayBeUndefined && text === 'undefined') return
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new MalformedUpdate('value is not JSON', { cause })
    }
    if (isDeeper(value, this.#maxDepth)) throw new MalformedUpdate('nested too deep')
  }

  /** Passes a value of lib0's `any` encoding. */
  any(depth = 0): void {
    const tag = this.byte()
    switch (tag) {
      case Any.undefined:
      case Any.null:
      case Any.false:
      case Any.true:
        return
      case Any.integer:
        this.#signed()
        return
      case Any.float32:
        this.skip(4)
        return
      case Any.float64:
      case Any.bigint:
        this.skip(8)
        return
      case Any.string:
        this.string()
        return
      case Any.bytes:
        this.skip(this.uint())
        return
      case Any.object:
      case Any.array: {
        if (depth >= this.#maxDepth) throw new MalformedUpdate('nested too deep')
        const size = this.uint()
        for (let i = 0; i < size; i++) {
          if (tag === Any.object) this.string()
          this.any(depth + 1)
        }
        return
      }
      default:
        throw new MalformedUpdate('unknown kind of value')
    }
  }

  /** Passes a value of the `any` encoding that MUST be an object. */
  object(): void {
    if (this.#bytes[this.#at] !== Any.object) throw new MalformedUpdate('options are not an object')
    this.any()
  }

  #checkUtf8(from: number): void {
    if (!isUtf8(this.#bytes.subarray(from, this.#at))) throw new MalformedUpdate('text is not UTF-8')
  }

  #signed(): void {
    for (let i = 0; i < maxVarIntBytes; i++) if (this.byte() < 128) return
    throw new MalformedUpdate('number out of range')
  }
}

const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
