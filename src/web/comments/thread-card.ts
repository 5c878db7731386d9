import type { Comment, Person, Thread } from '../../documents/comment-threads.ts'
import { avatarOf } from '../avatar.ts'
import { h } from '../dom.ts'
import { createComposer } from './composer.ts'
import { piecesOf } from './mentions.ts'
import { agoOf } from './ago.ts'

export interface CardOptions {
  readonly ownId: () => string
  readonly people: () => readonly Person[]
  readonly tintFor: (id: string) => string
  readonly canComment: () => boolean
  readonly activate: (id: string) => void
  readonly reply: (thread: Thread, written: Written) => void
  readonly edit: (thread: Thread, comment: Comment, written: Written) => void
  readonly remove: (thread: Thread, comment: Comment) => void
  readonly resolve: (thread: Thread, isResolved: boolean) => void
}

type Written = Pick<Comment, 'text' | 'mentions'>

/** A thread in the margin. What is being written in it stays while others change the thread. */
export interface ThreadCard {
  readonly element: HTMLElement
  update(thread: Thread, state: { readonly isActive: boolean; readonly isOrphan: boolean }): void
}

export const createThreadCard = (first: Thread, options: CardOptions): ThreadCard => {
  const { ownId, tintFor, people, canComment } = options
  let thread = first
  let editing: string | undefined
  let shown = ''

  const quote = h('blockquote', { class: 'thread-quote' })
  const list = h('ul', { class: 'thread-comments' })
  const resolve = h('button', { type: 'button', class: 'button quiet thread-resolve' })
  const composer = createComposer({
    label: 'Reply',
    action: 'Reply',
    people,
    tintFor,
    onSubmit: (written) => options.reply(thread, written),
    onCancel: () => options.activate(''),
  })
  const element = h(
    'article',
    { class: 'thread', tabindex: '-1', 'aria-label': 'Comment thread', 'data-thread': first.id },
    quote,
    list,
    resolve,
    composer.element,
  )
  element.addEventListener('click', () => options.activate(thread.id))
  element.addEventListener('focusin', () => options.activate(thread.id))
  resolve.addEventListener('click', (event) => {
    event.stopPropagation()
    options.resolve(thread, thread.resolved === undefined)
  })

  const tools = (comment: Comment): HTMLElement => {
    const edit = h('button', { type: 'button', class: 'link-button' }, 'Edit')
    const remove = h('button', { type: 'button', class: 'link-button' }, 'Delete')
    edit.addEventListener('click', () => {
      editing = comment.id
      render()
    })
    remove.addEventListener('click', (event) => {
      event.stopPropagation()
      options.remove(thread, comment)
    })
    return h('span', { class: 'comment-tools' }, edit, remove)
  }

  const editor = (comment: Comment): HTMLElement => {
    const done = (): void => {
      editing = undefined
      render()
    }
    const { element: form, focus } = createComposer({
      label: 'Comment',
      action: 'Save',
      text: comment.text,
      people,
      tintFor,
      onSubmit(written) {
        options.edit(thread, comment, written)
        done()
      },
      onCancel: done,
    })
    setTimeout(focus)
    return form
  }

  const item = (comment: Comment): HTMLElement => {
    const { author, text, mentions, createdAt, editedAt } = comment
    const body = piecesOf(text, mentions).map(({ text: piece, isMention }) =>
      isMention ? h('span', { class: 'mention' }, piece) : piece,
    )
    const isOwn = author.id === ownId() && canComment()
    return h(
      'li',
      { 'data-comment': comment.id },
      avatarOf(author, tintFor),
      h(
        'div',
        { class: 'comment' },
        h(
          'p',
          { class: 'comment-head' },
          h('strong', {}, author.name),
          h(
            'time',
            { datetime: new Date(createdAt).toISOString() },
            agoOf(createdAt) + (editedAt ? ', edited' : ''),
          ),
          ...(isOwn && editing !== comment.id ? [tools(comment)] : []),
        ),
        editing === comment.id ? editor(comment) : h('p', { class: 'comment-text' }, ...body),
      ),
    )
  }

  const render = (): void => {
    const key = JSON.stringify([thread.comments, editing, canComment(), ownId()])
    if (key !== shown) list.replaceChildren(...thread.comments.map(item))
    shown = key
  }

  return {
    element,
    update(next, { isActive, isOrphan }) {
      thread = next
      quote.textContent = thread.quote
      quote.hidden = !(isOrphan || thread.resolved) || !thread.quote
      element.classList.toggle('active', isActive)
      element.classList.toggle('resolved', thread.resolved !== undefined)
      resolve.textContent = thread.resolved ? 'Open again' : 'Resolve'
      resolve.hidden = !canComment()
      composer.element.hidden = !canComment() || thread.resolved !== undefined
      render()
    },
  }
}
