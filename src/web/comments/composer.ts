import type { Person } from '../../documents/comment-threads.ts'
import { avatarOf } from '../avatar.ts'
import { h } from '../dom.ts'
import { candidates, mentionAt, mentionedIn } from './mentions.ts'

export interface Written {
  readonly text: string
  readonly mentions: readonly Person[]
}

interface ComposerOptions {
  readonly label: string
  readonly action: string
  readonly text?: string
  readonly people: () => readonly Person[]
  readonly tintFor: (id: string) => string
  readonly onSubmit: (written: Written) => void
  readonly onCancel: () => void
}

export interface Composer {
  readonly element: HTMLFormElement
  focus(): void
}

const maxLength = 4_000

/** A field for a comment, in which `@` suggests people. Control and Enter send it, Escape gives it up. */
export const createComposer = (options: ComposerOptions): Composer => {
  const { label, action, people, tintFor, onSubmit, onCancel } = options
  const field = h('textarea', {
    class: 'field comment-field',
    rows: '1',
    maxlength: String(maxLength),
    placeholder: label,
    'aria-label': label,
  })
  field.value = options.text ?? ''
  const send = h('button', { type: 'submit', class: 'button primary' }, action)
  const cancel = h('button', { type: 'button', class: 'button quiet' }, 'Cancel')
  const list = h('ul', { class: 'mention-list', role: 'listbox', 'aria-label': 'People', hidden: true })
  const element = h(
    'form',
    { class: 'composer' },
    field,
    list,
    h('div', { class: 'row composer-row' }, cancel, send),
  )

  let suggested: readonly Person[] = []
  let chosen = 0

  const suggest = (): void => {
    const mention = mentionAt(field.value, field.selectionStart)
    suggested = mention ? candidates(people(), mention.typed) : []
    // A name that is complete needs no suggestion.
    if (suggested.length === 1 && suggested[0]?.name === mention?.typed) suggested = []
    chosen = Math.min(chosen, Math.max(0, suggested.length - 1))
    list.hidden = suggested.length === 0
    list.replaceChildren(
      ...suggested.map((person, index) => {
        const item = h(
          'li',
          { role: 'option', 'aria-selected': String(index === chosen) },
          avatarOf(person, tintFor),
          h('span', {}, person.name),
        )
        item.addEventListener('mousedown', (event) => {
          event.preventDefault()
          insert(person)
        })
        return item
      }),
    )
  }

  const insert = ({ name }: Person): void => {
    const caret = field.selectionStart
    const from = mentionAt(field.value, caret)?.from ?? caret
    field.setRangeText(`@${name} `, from, caret, 'end')
    update()
  }

  const update = (): void => {
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight + 2}px`
    send.disabled = field.value.trim() === ''
    suggest()
  }

  const clear = (): void => {
    field.value = ''
    update()
  }

  field.addEventListener('input', update)
  field.addEventListener('blur', () => (list.hidden = true))
  field.addEventListener('keydown', (event) => {
    if (!list.hidden && handleList(event)) return
    if (event.key === 'Escape') {
      event.stopPropagation()
      clear()
      onCancel()
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      element.requestSubmit()
    }
  })

  /** Whether the key was for the list of suggestions. */
  const handleList = (event: KeyboardEvent): boolean => {
    const person = suggested[chosen]
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      chosen = (chosen + step + suggested.length) % suggested.length
      suggest()
    } else if ((event.key === 'Enter' || event.key === 'Tab') && person) insert(person)
    else if (event.key === 'Escape') list.hidden = true
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  element.addEventListener('submit', (event) => {
    event.preventDefault()
    const text = field.value.trim()
    if (!text) return
    const mentions = mentionedIn(text, people()).map(({ id, name }) => ({ id, name }))
    clear()
    onSubmit({ text, mentions })
  })
  cancel.addEventListener('click', () => {
    clear()
    onCancel()
  })
  send.disabled = !options.text

  return {
    element,
    focus() {
      field.focus()
      field.setSelectionRange(field.value.length, field.value.length)
      update()
    },
  }
}
