import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { Placeholder, Selection } from '@tiptap/extensions'
import { StarterKit } from '@tiptap/starter-kit'
import type { HocuspocusProvider } from '@hocuspocus/provider'
import { renderCaret, renderSelection } from './carets.ts'

interface EditorOptions {
  element: HTMLElement
  provider: HocuspocusProvider
  /** The person at this page, as the others see it. */
  user: { id: string; name: string; color: string }
  tintFor: (id: string) => string
}

/** The rich-text editor on the `default` fragment of the document, with the carets of the others. */
export const createEditor = ({ element, provider, user, tintFor }: EditorOptions): Editor =>
  new Editor({
    element,
    editable: false,
    editorProps: {
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': 'Document', class: 'prose' },
    },
    extensions: [
      StarterKit.configure({
        undoRedo: false,
        // It would change a document that is only opened, in every browser at once.
        trailingNode: false,
        heading: { levels: [1, 2, 3] },
        link: {
          openOnClick: false,
          defaultProtocol: 'https',
          HTMLAttributes: { rel: 'noopener noreferrer nofollow' },
        },
        dropcursor: { color: 'var(--accent)', width: 2 },
      }),
      Selection,
      Placeholder.configure({ placeholder: 'Start writing. Everyone with the link writes along.' }),
      Collaboration.configure({ document: provider.document, provider }),
      CollaborationCaret.configure({
        provider,
        user,
        render: (other) => renderCaret(other, tintFor),
        selectionRender: (other) => renderSelection(other, tintFor),
      }),
    ],
  })
