import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { encodeSnapshot, encodeStateAsUpdate, snapshot, type Doc } from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { readContent, type ContentFormat } from '../documents/tree/index.ts'

/** Media types by format; the first is the one of answers. */
export const mediaTypes: Readonly<Record<ContentFormat | 'update', string>> = {
  json: 'application/json',
  text: 'text/plain',
  html: 'text/html',
  md: 'text/markdown',
  update: 'application/octet-stream',
}

export interface Content {
  readonly format: ContentFormat | 'update'
  readonly body: string | Buffer
  /** Names this state of the document. */
  readonly etag: string
}

/** The document in a format. */
export const contentOf = (document: Doc, format: ContentFormat | 'update'): Content => ({
  format,
  body: format === 'update' ? bufferOf(encodeStateAsUpdate(document)) : readContent(document, format),
  etag: etagOf(document),
})

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Another one after each edit, deletions included, the same on every instance (RFC 9110, section 8.8.3). */
export const etagOf = (document: Doc): string => {
  const hash = createHash('sha256')
    .update(encodeSnapshot(snapshot(document)))
    .digest('base64url')
  return `"${hash.slice(0, 27)}"`
}

/** Sends what users wrote, in a way in which no browser runs it. */
export const sendContent = (reply: FastifyReply, { format, body, etag }: Content): FastifyReply => {
  const charset = format === 'json' || format === 'update' ? '' : '; charset=utf-8'
  return reply
    .header('etag', etag)
    .header('cache-control', 'private, no-cache')
    .header('content-security-policy', "sandbox; default-src 'none'")
    .type(mediaTypes[format] + charset)
    .send(body)
}

/** @throws {CodraftError} CODRAFT_DOCUMENT_CHANGED when `ifMatch` names another state */
export const assertMatches = (document: Doc, ifMatch: string | undefined): void => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  const tags = ifMatch.split(',').map((tag) => tag.trim())
  if (!tags.includes(etagOf(document))) throw new CodraftError('CODRAFT_DOCUMENT_CHANGED')
}
