import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { CollaborationCaret } from '@tiptap/extension-collaboration-caret'
import { Placeholder, Selection } from '@tiptap/extensions'
import type { HocuspocusProvider } from '@hocuspocus/provider'
import { renderCaret, renderSelection } from './carets.ts'
import { learnForeignContent, noForeignContent, type ForeignContent } from './content/foreign.ts'
import { contentExtensions } from './content/schema.ts'

interface EditorOptions {
  element: HTMLElement
  provider: HocuspocusProvider
  /** The person at this page, as the others see it. */
  user: () => { id: string; name: string; color: string }
  tintFor: (id: string) => string
}

/** The field of the document that the page edits. */
export const editorField = 'default'

/** The rich-text editor on the document's fragment, with the carets of the others. */
const createEditor = ({ element, provider, user, tintFor }: EditorOptions, foreign: ForeignContent): Editor =>
  new Editor({
    element,
    editable: false,
    editorProps: {
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': 'Document', class: 'prose' },
    },
    extensions: [
      ...contentExtensions(foreign),
      Selection,
      Placeholder.configure({ placeholder: 'Start writing. Everyone with the link writes along.' }),
      Collaboration.configure({ document: provider.document, field: editorField, provider }),
      CollaborationCaret.configure({
        provider,
        user: user(),
        render: (other) => renderCaret(other, tintFor),
        selectionRender: (other) => renderSelection(other, tintFor),
      }),
    ],
  })

/** The editor of the page. It is another one after the document has brought something that needs a wider schema. */
export interface EditorSlot {
  readonly current: Editor
}

/**
 * Creates the editor and calls `mount` with it, again for each one that takes its place. What the schema lacks is
 * noted before the editor would see it, so that it does not remove it.
 */
export const openEditor = (options: EditorOptions, mount: (editor: Editor) => void): EditorSlot => {
  // Coming from elsewhere, the editor restores its selection as it gets the focus, and the browser then leaves that as it
  // is. So the caret is placed where the pointer is before the focus comes.
  options.element.addEventListener(
    'mousedown',
    ({ target, button, shiftKey, clientX: left, clientY: top }) => {
      const { view, isEditable } = editor
      if (!isEditable || view.hasFocus() || button !== 0 || shiftKey) return
      const place = view.dom.contains(target as Node) && view.posAtCoords({ left, top })
      if (place) editor.commands.setTextSelection(place.pos)
    },
    { capture: true },
  )
  const foreign = noForeignContent()
  const document = options.provider.document
  const fragment = document.getXmlFragment(editorField)
  let editor = createEditor(options, foreign)
  mount(editor)

  document.on('beforeObserverCalls', (transaction) => {
    if (!learnForeignContent(foreign, editor.schema, fragment, transaction)) return
    const { isEditable, isFocused } = editor
    const { from, to } = editor.state.selection
    editor.destroy()
    editor = createEditor(options, foreign)
    editor.setEditable(isEditable, false)
    mount(editor)
    // The new editor shows the document once this turn is over.
    if (isFocused) setTimeout(() => editor.chain().focus().setTextSelection({ from, to }).run())
  })

  return {
    get current() {
      return editor
    },
  }
}
