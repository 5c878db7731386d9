import type { DocumentsApi } from './DocumentsApi.ts'

export interface Finding {
  readonly document: string
  readonly title: string | null
  /** Where the text was found, with some of what is around it. */
  readonly excerpt: string
}

/** Documents that are read for one search, those that changed last first. */
const maxDocuments = 200
const parallel = 4
const maxFindings = 20
const excerptLength = 160

/** Looks for a text, whatever its case, in the names, titles and contents of the caller's documents. */
export const searchDocuments = async (api: DocumentsApi, query: string): Promise<Finding[]> => {
  const findings: Finding[] = []
  let cursor: string | undefined
  for (let seen = 0; seen < maxDocuments && findings.length < maxFindings;) {
    const page = await api.list(cursor)
    for (let at = 0; at < page.items.length; at += parallel) {
      const found = await Promise.all(
        page.items.slice(at, at + parallel).map(async ({ name, title }) => {
          const text = await api.read(name, 'text').catch(() => '')
          const excerpt = excerptOf(text, query) ?? excerptOf(`${title ?? ''} ${name}`, query)
          return excerpt === undefined ? [] : [{ document: name, title, excerpt }]
        }),
      )
      findings.push(...found.flat())
    }
    seen += page.items.length
    if (page.cursor === undefined) break
    cursor = page.cursor
  }
  return findings.slice(0, maxFindings)
}

const excerptOf = (text: string, query: string): string | undefined => {
  const at = text.toLowerCase().indexOf(query.toLowerCase())
  if (at < 0) return undefined
  const start = Math.max(0, at - excerptLength / 2)
  return text
    .slice(start, start + excerptLength)
    .toWellFormed()
    .replaceAll(/\s+/g, ' ')
    .trim()
}
