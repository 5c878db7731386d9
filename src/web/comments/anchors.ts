import type { Editor } from '@tiptap/core'
import { isChangeOrigin } from '@tiptap/extension-collaboration'
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from '@tiptap/y-tiptap'
import { fromBase64, toBase64 } from 'lib0/buffer'
import {
  createRelativePositionFromJSON,
  decodeRelativePosition,
  encodeRelativePosition,
  type RelativePosition,
} from 'yjs'
import type { Anchor } from '../../documents/comment-threads.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

/** A place in the text that is marked, by the id of its thread. */
export interface Mark {
  readonly id: string
  readonly anchor: Anchor
}

/** What y-tiptap knows of the relation between the editor and the Yjs types. */
interface Binding {
  readonly doc: Parameters<typeof relativePositionToAbsolutePosition>[0]
  readonly type: Parameters<typeof relativePositionToAbsolutePosition>[1]
  readonly mapping: Parameters<typeof relativePositionToAbsolutePosition>[3]
}

const bindingOf = (state: EditorState): Binding | undefined =>
  (ySyncPluginKey.getState(state) as { binding?: Binding } | undefined)?.binding

/** The range as positions that stay with their text; undefined before the document is there. */
export const anchorOf = (state: EditorState, { from, to }: Range): Anchor | undefined => {
  const binding = bindingOf(state)
  if (!binding) return undefined
  const encode = (position: number): string => {
    const relative = absolutePositionToRelativePosition(position, binding.type, binding.mapping) as unknown
    return toBase64(encodeRelativePosition(createRelativePositionFromJSON(relative)))
  }
  return { start: encode(from), end: encode(to) }
}

/** Where the text of an anchor is now; undefined when it is gone. */
export const rangeOf = (state: EditorState, { start, end }: Anchor): Range | undefined => {
  const binding = bindingOf(state)
  if (!binding) return undefined
  const absolute = (text: string): number | null => {
    const relative: RelativePosition = decodeRelativePosition(fromBase64(text))
    return relativePositionToAbsolutePosition(binding.doc, binding.type, relative, binding.mapping)
  }
  try {
    const [from, to] = [absolute(start), absolute(end)]
    if (from === null || to === null || from >= to || to > state.doc.content.size) return undefined
    return { from, to }
  } catch {
    // Anybody may have written anything as an anchor.
    return undefined
  }
}

interface MarksState {
  readonly marks: readonly Mark[]
  readonly decorations: DecorationSet
}

const key = new PluginKey<MarksState>('commentMarks')

const decorate = (state: EditorState, marks: readonly Mark[]): DecorationSet =>
  DecorationSet.create(
    state.doc,
    marks.flatMap(({ id, anchor }) => {
      const range = rangeOf(state, anchor)
      if (!range) return []
      return [Decoration.inline(range.from, range.to, { class: 'comment-mark', 'data-thread': id })]
    }),
  )

/** Marks the text that comments are about; the document itself is not touched. */
export const commentMarks = (): Plugin<MarksState> =>
  new Plugin<MarksState>({
    key,
    state: {
      init: () => ({ marks: [], decorations: DecorationSet.empty }),
      apply(transaction, value, _, state) {
        const marks = (transaction.getMeta(key) as readonly Mark[] | undefined) ?? value.marks
        // A change that comes from Yjs replaces the whole text, so that nothing could be mapped through it.
        if (marks !== value.marks || isChangeOrigin(transaction))
          return { marks, decorations: decorate(state, marks) }
        if (!transaction.docChanged) return value
        return { marks, decorations: value.decorations.map(transaction.mapping, transaction.doc) }
      },
    },
    props: { decorations: (state) => key.getState(state)?.decorations },
  })

export const showMarks = (editor: Editor, marks: readonly Mark[]): void => {
  if (JSON.stringify(key.getState(editor.state)?.marks) === JSON.stringify(marks)) return
  editor.view.dispatch(editor.state.tr.setMeta(key, marks).setMeta('addToHistory', false))
}

const activeStyle = new CSSStyleSheet()
document.adoptedStyleSheets.push(activeStyle)

/**
 * Emphasises the text of one thread. By a style sheet, not by a change of the editor's state: that would put back the
 * selection which the editor knows, in the midst of a click that makes another one.
 */
export const emphasise = (id: string | undefined): void =>
  activeStyle.replaceSync(
    id === undefined
      ? ''
      : `.comment-mark[data-thread="${CSS.escape(id)}"] { border-color: var(--flag); background: color-mix(in srgb, var(--flag) 38%, transparent); }`,
  )
