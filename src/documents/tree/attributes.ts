import type { Attributes, JsonValue, TextBlockAttributes } from './tree.ts'

const withoutKeys = (attrs: Attributes, ...keys: string[]): Record<string, JsonValue> => {
  const rest: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(attrs)) {
    if (value !== undefined && !keys.includes(name)) rest[name] = value
  }
  return rest
}

const text = (value: JsonValue | undefined): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : undefined
}

/** A whole number in the range, also from text such as "2" or "200px"; undefined for anything else. */
const integer = (value: JsonValue | undefined, min: number, max: number): number | undefined => {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
  return Math.min(max, Math.max(min, Math.round(number)))
}

const optional = <K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : ({ [name]: value } as { [key in K]?: V })

const aligns = new Set(['left', 'center', 'right', 'justify'])
const directions = new Set(['ltr', 'rtl', 'auto'])

export const textBlockAttributes = (attrs: Attributes): TextBlockAttributes => {
  const align = text(attrs['textAlign'] ?? attrs['textAlignment'] ?? attrs['align'])
  const dir = text(attrs['dir'] ?? attrs['direction'])
  return {
    ...withoutKeys(attrs, 'textAlign', 'textAlignment', 'align', 'dir', 'direction'),
    ...optional('textAlign', aligns.has(align ?? '') ? (align as 'left') : undefined),
    ...optional('dir', directions.has(dir ?? '') ? (dir as 'ltr') : undefined),
  }
}

export const headingAttributes = (attrs: Attributes) => ({
  ...textBlockAttributes(withoutKeys(attrs, 'level')),
  level: integer(attrs['level'], 1, 6) ?? 1,
})

export const codeBlockAttributes = (attrs: Attributes) => ({
  ...withoutKeys(attrs, 'language', 'params'),
  ...optional('language', text(attrs['language'] ?? attrs['params']) || undefined),
})

export const orderedListAttributes = (attrs: Attributes) => ({
  ...withoutKeys(attrs, 'start', 'order'),
  start: integer(attrs['start'] ?? attrs['order'], 0, 999_999_999) ?? 1,
})

export const taskItemAttributes = (attrs: Attributes) => ({
  ...withoutKeys(attrs, 'checked'),
  checked: attrs['checked'] === true || attrs['checked'] === 'true',
})

export const cellAttributes = (attrs: Attributes) => {
  const widths = attrs['colwidth']
  const colwidth = Array.isArray(widths)
    ? widths.map((width: JsonValue) => integer(width, 0, 10_000) ?? 0)
    : undefined
  return {
    ...withoutKeys(attrs, 'colspan', 'rowspan', 'colwidth'),
    colspan: integer(attrs['colspan'], 1, 1000) ?? 1,
    rowspan: integer(attrs['rowspan'], 1, 1000) ?? 1,
    ...optional('colwidth', colwidth),
  }
}

export const imageAttributes = (attrs: Attributes) => ({
  ...withoutKeys(attrs, 'src', 'url', 'alt', 'title', 'width', 'height'),
  src: text(attrs['src'] ?? attrs['url']) ?? '',
  ...optional('alt', text(attrs['alt'])),
  ...optional('title', text(attrs['title'])),
  ...optional('width', integer(attrs['width'], 1, 10_000)),
  ...optional('height', integer(attrs['height'], 1, 10_000)),
})

export const mentionAttributes = (attrs: Attributes) => {
  const id = text(attrs['id'] ?? attrs['user']) ?? ''
  return { ...withoutKeys(attrs, 'id', 'label'), id, label: text(attrs['label'] ?? attrs['name']) ?? id }
}

export const linkAttributes = (attrs: Attributes) => ({
  ...withoutKeys(attrs, 'href', 'url'),
  href: text(attrs['href'] ?? attrs['url']) ?? '',
})

export const commentAttributes = (attrs: Attributes) => ({
  ...attrs,
  id: text(attrs['id'] ?? attrs['commentId'] ?? attrs['threadId']) ?? '',
})
