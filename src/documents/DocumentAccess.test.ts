import { Hocuspocus } from '@hocuspocus/server'
import { expect, test } from 'vitest'
import { CodraftError } from '../../extensions/errors.ts'
import type { DocumentStores } from '../../extensions/journal/index.ts'
import { DocumentAccess } from './DocumentAccess.ts'

const context = { user: { id: 'bob' }, role: 'editor', expiresAt: undefined } as const

/** An access to documents whose loading ends when `loaded` is called. */
const openAccess = () => {
  const { promise: loading, resolve: loaded } = Promise.withResolvers<void>()
  const hocuspocus = new Hocuspocus({ quiet: true, onLoadDocument: () => loading })
  const journal = { whenDurable: async () => undefined } as unknown as DocumentStores['journal']
  const access = new DocumentAccess({
    hocuspocus: () => hocuspocus,
    stores: { journal },
    ticketOf: () => 0,
    updateLimits: {} as never,
    writeDeadlineMs: 1_000,
    canAcceptEdits: () => true,
  })
  return { access, loaded, hocuspocus }
}

test('an editor who loses the role while the document is loaded edits nothing', async () => {
  const { access, loaded, hocuspocus } = openAccess()
  let role: string | undefined = 'editor'
  let isRead = true
  const confirm = () => {
    if (isRead) return undefined
    isRead = true
    return role ? Promise.resolve() : Promise.reject(new CodraftError('CODRAFT_DOCUMENT_FORBIDDEN'))
  }
  const change = (text: string) =>
    access.edit('notes', { context, confirm }, (document) => document.getText('text').insert(0, text))

  const refused = change('too late')
  role = undefined
  isRead = false
  loaded()
  await expect(refused).rejects.toThrow('CODRAFT_DOCUMENT_FORBIDDEN')

  role = 'editor'
  isRead = false
  await change('in time')
  expect(hocuspocus.documents.get('notes')?.getText('text').toJSON()).toBe('in time')
  hocuspocus.closeConnections()
})
