import { setTimeout as wait } from 'node:timers/promises'
import { applyUpdate, Doc } from 'yjs'
import { CodraftError, errorCatalogue, type ErrorCode } from '../../extensions/errors.ts'
import type { ContentEdit, ContentFormat } from '../documents/tree/index.ts'

/** A running server, and who calls it. */
export interface ServerAccess {
  /** http://host:port */
  readonly url: string
  /** Access token (JWT). */
  readonly token: string
}

export interface DocumentSummary {
  readonly name: string
  readonly title: string | null
  readonly role: string | null
  readonly updatedAt: string
}

export interface DocumentPage {
  readonly items: readonly DocumentSummary[]
  readonly cursor?: string
}

const mediaTypes: Readonly<Record<ContentFormat, string>> = {
  json: 'application/json',
  md: 'text/markdown',
  html: 'text/html',
  text: 'text/plain',
}

interface Body {
  readonly type: string
  readonly content: string | Uint8Array
}

const maxAttempts = 6
const firstDelayMs = 250

/**
 * The documents of a server, over REST. What passes (no connection, a store that is away) is tried again for some seconds;
 * a write carries a key, so that it is done once however often it is sent.
 *
 * All methods throw a {@link CodraftError} with the code that the server gave.
 */
export class DocumentsApi {
  readonly #access: ServerAccess

  constructor(access: ServerAccess) {
    this.#access = access
  }

  /** Those that changed last first, 50 on a page. */
  async list(cursor?: string): Promise<DocumentPage> {
    const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`
    return (await this.#send('GET', `/api/documents${query}`)).json() as Promise<DocumentPage>
  }

  async read(documentName: string, format: ContentFormat): Promise<string> {
    return (await this.#send('GET', `${pathOf(documentName)}?format=${format}`)).text()
  }

  /** False when there is no such document, or none that the caller may know of. */
  async exists(documentName: string): Promise<boolean> {
    try {
      await this.read(documentName, 'text')
      return true
    } catch (error) {
      const status = error instanceof CodraftError ? error.status : 500
      if (status === 403 || status === 404) return false
      throw error
    }
  }

  /** Creates the document or replaces its content; resolves when that is durable. */
  async replace(documentName: string, format: ContentFormat, content: string): Promise<void> {
    await this.#send('PUT', pathOf(documentName), { type: mediaTypes[format], content })
  }

  /** Edits the document; resolves when that is durable. */
  async edit(documentName: string, edits: readonly ContentEdit[]): Promise<void> {
    const content = JSON.stringify({ edits })
    await this.#send('POST', `${pathOf(documentName)}/edits`, { type: mediaTypes.json, content })
  }

  /** The document with its history, empty when nothing was written to it. */
  async load(documentName: string): Promise<Doc> {
    const document = new Doc()
    try {
      const response = await this.#send('GET', `${pathOf(documentName)}?format=update`)
      applyUpdate(document, new Uint8Array(await response.arrayBuffer()))
    } catch (error) {
      if (!(error instanceof CodraftError && error.errorCode === 'CODRAFT_DOCUMENT_NOT_FOUND')) throw error
    }
    return document
  }

  /** Applies a Yjs update (V1); resolves when it is durable. */
  async applyUpdate(documentName: string, update: Uint8Array): Promise<void> {
    await this.#send('PATCH', pathOf(documentName), { type: 'application/octet-stream', content: update })
  }

  async #send(method: string, path: string, body?: Body): Promise<Response> {
    const request: RequestInit = {
      method,
      headers: {
        authorization: `Bearer ${this.#access.token}`,
        ...(body && { 'content-type': body.type, 'idempotency-key': crypto.randomUUID() }),
      },
      ...(body && { body: body.content as string | Uint8Array<ArrayBuffer> }),
    }
    for (let attempt = 1; ; attempt++) {
      const error = await this.#attempt(path, request)
      if (error instanceof Response) return error
      const passes = error.status === 503 || error.errorCode === 'CODRAFT_IDEMPOTENCY_KEY_BUSY'
      if (!passes || attempt === maxAttempts) throw error
      await wait(firstDelayMs * 2 ** (attempt - 1))
    }
  }

  async #attempt(path: string, request: RequestInit): Promise<Response | CodraftError> {
    const { url } = this.#access
    let response: Response
    try {
      response = await fetch(new URL(path, url), request)
    } catch (cause) {
      return new CodraftError('CODRAFT_SERVER_UNREACHABLE', `no answer from ${url}`, { cause })
    }
    return response.ok ? response : problemOf(response)
  }
}

const pathOf = (documentName: string): string => `/api/documents/${encodeURIComponent(documentName)}`

const problemOf = async (response: Response): Promise<CodraftError> => {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  const { code = '', detail = '' } = body
  if (!(code in errorCatalogue))
    return new CodraftError('CODRAFT_SERVER_UNREACHABLE', `it answered ${response.status}`)
  return new CodraftError(code as ErrorCode, detail.replace(`${code}: `, ''))
}
