import type { Editor } from '@tiptap/core'
import { WebSocketStatus } from '@hocuspocus/provider'
import type { Person } from '../../documents/comment-threads.ts'
import { commentsDocumentOf } from '../../documents/comments-document.ts'
import type { Api } from '../api.ts'
import { peopleIn } from '../people.ts'
import type { Session } from '../session.ts'
import type { Comments } from './comments.ts'

interface LoadOptions {
  readonly session: Session
  readonly api: Api
  readonly documentName: string
  readonly self: () => Person
  readonly tintFor: (id: string) => string
}

/** Loads the comments once the document itself is here; until then the editor is only remembered. */
export const loadComments = ({ session, api, documentName, self, tintFor }: LoadOptions) => {
  let editor: Editor | undefined
  let comments: Comments | undefined
  let listed: readonly Person[] = []

  /** Everybody with a role, and everybody who is here. */
  const people = (): Person[] => {
    const { awareness } = session.provider
    const present = awareness ? peopleIn(awareness.getStates(), awareness.clientID) : []
    const byId = new Map([...listed, ...present].map(({ id, name }) => [id, { id, name }]))
    return [...byId.values()].sort((a, b) => a.name.localeCompare(b.name))
  }

  const loadPeople = async (): Promise<void> => {
    const { items } = await api.json<{ items: { userId: string; name: string | null }[] }>(
      'GET',
      api.path('/people'),
    )
    listed = items.map(({ userId, name }) => ({ id: userId, name: name ?? userId }))
  }

  const load = async (): Promise<void> => {
    const provider = session.openCompanion(commentsDocumentOf(documentName), () => comments?.refresh())
    // Without the list those who are here can still be mentioned.
    loadPeople().catch(() => undefined)
    const { mountComments } = await import('./comments.ts')
    comments = mountComments({
      provider,
      self,
      people,
      tintFor,
      canComment: () =>
        provider.authorizedScope === 'read-write' &&
        session.facts.access !== 'unknown' &&
        provider.configuration.websocketProvider.status === WebSocketStatus.Connected,
    })
    if (editor) comments.attach(editor)
  }

  session.provider.on('synced', function first() {
    session.provider.off('synced', first)
    load().catch((error: unknown) => {
      // The document can be used without its comments.
      reportError(error)
    })
  })

  return {
    attach(next: Editor): void {
      editor = next
      comments?.attach(next)
    },
  }
}
