import type { Awareness } from 'y-protocols/awareness'
import { h } from './dom.ts'
import { personName } from './people.ts'

/** What another client says about its user: checked where it is used, because any client may send anything. */
type CaretUser = Record<string, unknown>

/** A client that names no user id is known by its name here, for the decoration does not know the client. */
const caretId = (user: CaretUser): string => (typeof user['id'] === 'string' ? user['id'] : personName(user))

/** The caret of somebody else: a line with a flag that holds the name. */
export const renderCaret = (user: CaretUser, tintFor: (id: string) => string): HTMLElement => {
  const id = caretId(user)
  return h(
    'span',
    { class: 'caret', style: `--tint: ${tintFor(id)}`, 'data-person': id },
    // Word joiners keep the line from breaking at the caret, so that text does not jump as it moves.
    '\u2060',
    h('span', { class: 'caret-flag' }, personName(user)),
    '\u2060',
  )
}

export const renderSelection = (user: CaretUser, tintFor: (id: string) => string) => ({
  class: 'caret-selection',
  style: `--tint: ${tintFor(caretId(user))}`,
})

/**
 * Keeps the flags up to date. ProseMirror keeps the element of a caret while it moves, so a flag that has faded
 * would stay faded and a changed name would not show.
 */
export const refreshFlags = (editorElement: HTMLElement, awareness: Awareness): void => {
  awareness.on('change', ({ updated }: { updated: number[] }) => {
    for (const clientId of updated) {
      const user = awareness.getStates().get(clientId)?.['user'] as CaretUser | undefined
      if (user) refresh(editorElement, user)
    }
  })
}

const refresh = (editorElement: HTMLElement, user: CaretUser): void => {
  for (const caret of editorElement.querySelectorAll<HTMLElement>('.caret')) {
    if (caret.dataset['person'] !== caretId(user)) continue
    const flag = caret.querySelector('.caret-flag')
    if (!flag) continue
    if (flag.textContent !== personName(user)) flag.textContent = personName(user)
    for (const animation of caret.getAnimations({ subtree: true })) animation.currentTime = 0
  }
}
