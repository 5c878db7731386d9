import type { Editor } from '@tiptap/core'
import type { HocuspocusProvider } from '@hocuspocus/provider'
import {
  addReply,
  addThread,
  deleteComment,
  editComment,
  observeThreads,
  readThreads,
  resolveThread,
  type Anchor,
  type Comment,
  type NewComment,
  type Person,
  type Thread,
} from '../../documents/comment-threads.ts'
import { byId, h } from '../dom.ts'
import { anchorOf, commentMarks, emphasise, rangeOf, showMarks } from './anchors.ts'
import { createBubble } from './bubble.ts'
import { createComposer } from './composer.ts'
import { createMargin } from './margin.ts'
import { createThreadCard, type CardOptions, type ThreadCard } from './thread-card.ts'

interface CommentsOptions {
  /** Of the document of comments. */
  readonly provider: HocuspocusProvider
  readonly self: () => Person
  readonly canComment: () => boolean
  /** Who can be mentioned. */
  readonly people: () => readonly Person[]
  readonly tintFor: (id: string) => string
}

export interface Comments {
  /** Shows the threads in an editor, which takes the place of the one before. */
  attach(editor: Editor): void
  /** Call it when what one may do has changed. */
  refresh(): void
}

interface Draft {
  readonly anchor: Anchor
  readonly quote: string
  readonly element: HTMLElement
}

const draftId = 'draft'
const maxQuote = 300

/** Comment threads beside the text that they are about. */
export const mountComments = (options: CommentsOptions): Comments => {
  const { provider, self, canComment, people, tintFor } = options
  const { document } = provider
  const cards = new Map<string, ThreadCard>()
  let editor: Editor | undefined
  let active: string | undefined
  let draft: Draft | undefined
  let showsResolved = false

  const newComment = (written: Pick<Comment, 'text' | 'mentions'>): NewComment => {
    const { id, name } = self()
    return { id: crypto.randomUUID(), author: { id, name }, createdAt: Date.now(), ...written }
  }

  const activate = (id: string): void => {
    const next = id || undefined
    if (next === active) return
    active = next
    schedule()
  }

  const cardOptions: CardOptions = {
    ownId: () => self().id,
    people,
    tintFor,
    canComment,
    activate(id) {
      activate(id)
      if (id) reveal(id)
    },
    reply: ({ id }, written) => addReply(document, id, newComment(written)),
    edit: ({ id }, comment, written) =>
      editComment(document, id, comment.id, { ...written, editedAt: Date.now() }),
    remove: ({ id }, comment) => deleteComment(document, id, comment.id),
    resolve({ id }, isResolved) {
      if (active === id) active = undefined
      const { id: userId, name } = self()
      resolveThread(document, id, isResolved ? { by: { id: userId, name }, at: Date.now() } : undefined)
    },
  }

  const margin = createMargin({
    toggleResolved() {
      showsResolved = !showsResolved
      render()
    },
  })

  /** Scrolls to the text of a thread unless it can be seen. */
  const reveal = (id: string): void => {
    const mark = editor?.view.dom.querySelector(`[data-thread="${CSS.escape(id)}"]`)
    mark?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  }

  const begin = (): void => {
    const current = editor
    if (!current || !canComment() || current.state.selection.empty) return
    const { from, to } = current.state.selection
    const anchor = anchorOf(current.state, { from, to })
    if (!anchor) return
    const quote = current.state.doc.textBetween(from, to, ' ').slice(0, maxQuote)
    const end = (): void => {
      draft = undefined
      render()
      current.commands.focus()
    }
    const composer = createComposer({
      label: 'Comment, @ mentions somebody',
      action: 'Comment',
      people,
      tintFor,
      onSubmit(written) {
        const id = crypto.randomUUID()
        draft = undefined
        active = id
        addThread(document, { id, anchor, quote }, newComment(written))
      },
      onCancel: end,
    })
    const element = h(
      'article',
      { class: 'thread active draft', 'aria-label': 'New comment' },
      composer.element,
    )
    draft = { anchor, quote, element }
    active = draftId
    bubble.hide()
    margin.open()
    render()
    composer.focus()
  }

  const bubble = createBubble(canComment, begin)

  const cardOf = (thread: Thread): ThreadCard => {
    const known = cards.get(thread.id)
    if (known) return known
    const card = createThreadCard(thread, cardOptions)
    cards.set(thread.id, card)
    return card
  }

  const render = (): void => {
    const current = editor
    if (!current || current.isDestroyed) return
    const all = readThreads(document)
    const threads = all.filter(({ resolved }) => showsResolved || !resolved)
    for (const id of cards.keys()) if (!all.some((thread) => thread.id === id)) cards.delete(id)
    const entries = threads.map((thread) => {
      const range = thread.anchor && rangeOf(current.state, thread.anchor)
      const card = cardOf(thread)
      card.update(thread, { isActive: thread.id === active, isOrphan: !range })
      return { id: thread.id, element: card.element, from: range?.from, isActive: thread.id === active }
    })
    if (draft) {
      const range = rangeOf(current.state, draft.anchor)
      entries.push({ id: draftId, element: draft.element, from: range?.from, isActive: true })
    }
    const open = threads.filter(({ resolved, anchor }) => !resolved && anchor)
    showMarks(current, [
      ...open.map(({ id, anchor }) => ({ id, anchor: anchor as Anchor })),
      ...(draft ? [{ id: draftId, anchor: draft.anchor }] : []),
    ])
    emphasise(active)
    margin.show({
      entries,
      resolved: all.filter(({ resolved }) => resolved).length,
      showsResolved,
      topOf: (position) => current.view.coordsAtPos(position).top,
    })
  }

  let scheduled = false
  /** Not at once: ProseMirror has yet to read the selection that a click has made, and would put back its own. */
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    requestAnimationFrame(() =>
      setTimeout(() => {
        scheduled = false
        render()
      }),
    )
  }

  observeThreads(document, schedule)
  window.addEventListener('resize', schedule)
  byId('sheet', HTMLElement).addEventListener('click', ({ target }) => {
    const mark = target instanceof Element ? target.closest<HTMLElement>('.comment-mark') : null
    const id = mark?.dataset['thread']
    if (id === draftId) return
    activate(id ?? '')
    if (id) margin.open(id)
  })

  return {
    attach(next) {
      editor = next
      next.registerPlugin(commentMarks())
      bubble.attach(next)
      bubble.refresh()
      next.on('update', schedule)
      schedule()
    },
    refresh() {
      schedule()
      bubble.refresh()
    },
  }
}
