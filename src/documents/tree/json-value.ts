import type { Attributes, JsonValue } from './tree.ts'

const maxDepth = 8
const maxEntries = 10_000

/** The JSON part of any value: what is not JSON, or deeper than attributes ever are, is left out. */
export const toJsonValue = (value: unknown, depth = 0): JsonValue | undefined => {
  switch (typeof value) {
    case 'string':
      return value.toWellFormed()
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : undefined
    case 'object': {
      if (value === null) return null
      if (depth >= maxDepth) return undefined
      if (Array.isArray(value)) {
        return value.slice(0, maxEntries).map((item) => toJsonValue(item, depth + 1) ?? null)
      }
      return isPlainObject(value) ? toJsonObject(value, depth) : undefined
    }
    default:
      return undefined
  }
}

const isPlainObject = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const toJsonObject = (value: Record<string, unknown>, depth: number): Record<string, JsonValue> => {
  const entries: [string, JsonValue][] = []
  for (const [name, item] of Object.entries(value).slice(0, maxEntries)) {
    const json = toJsonValue(item, depth + 1)
    if (json !== undefined) entries.push([name.toWellFormed(), json])
  }
  return Object.fromEntries(entries)
}

/** Attributes as JSON, without those that are null: editors store "not set" either way. */
export const tidyAttributes = (
  values: Record<string, unknown>,
): { attrs: Attributes; characters: number } => {
  const entries: [string, JsonValue][] = []
  let characters = 0
  for (const [name, item] of Object.entries(values)) {
    const json = toJsonValue(item)
    if (json === undefined || json === null) continue
    characters += name.length + (typeof json === 'string' ? json.length : 8)
    entries.push([name.toWellFormed(), json])
  }
  return { attrs: Object.fromEntries(entries), characters }
}
