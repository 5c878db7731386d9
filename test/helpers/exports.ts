import { expect } from 'vitest'
import { documentPath, type RestClient } from './rest.ts'

/** An export as the routes show it. */
export interface ExportView {
  readonly id: string
  readonly state: string
  readonly progress: number
  readonly stateVector?: string
  readonly notes?: readonly string[]
  readonly file?: {
    readonly name: string
    readonly bytes: number
    readonly url: string
    readonly expiresAt: string
  }
  readonly error?: { readonly code: string; readonly detail: string }
}

export const requestExport = async (
  client: RestClient,
  name: string,
  format: string,
  options: object = {},
): Promise<string> => {
  const { status, json, text } = await client.post(documentPath(name, '/exports'), {
    body: { format, options },
  })
  expect(status, text).toBe(202)
  return json['id'] as string
}

export const readExport = async (client: RestClient, id: string): Promise<ExportView> =>
  (await client.get(`/api/exports/${id}`)).json as unknown as ExportView

/** The export once it is done or has failed. */
export const finishedExport = async (client: RestClient, id: string): Promise<ExportView> => {
  let view = await readExport(client, id)
  const state = async (): Promise<string> => (view = await readExport(client, id)).state
  await expect.poll(state, { timeout: 60_000 }).toMatch(/^(?:done|failed)$/)
  return view
}

/** Exports the document and fetches the file by its link. */
export const exportedFile = async (
  client: RestClient,
  name: string,
  format: string,
  options?: object,
): Promise<Buffer> => {
  const view = await finishedExport(client, await requestExport(client, name, format, options))
  expect(view.error).toBeUndefined()
  const response = await fetch(view.file!.url)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}
