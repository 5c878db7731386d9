import type { Awareness } from 'y-protocols/awareness'
import { avatarOf } from './avatar.ts'
import { byId, h } from './dom.ts'
import { cleanName, maxNameLength } from './guest.ts'
import { peopleIn, type Person } from './people.ts'
import { bindPopover } from './popover.ts'

/** Avatars in the header; the style sheet hides some of them on narrow screens. */
const maxAvatars = 5

interface PeopleViewOptions {
  awareness: Awareness
  tintFor: (id: string) => string
  ownName: () => string
  /** Changes the own name; absent when the application decides it. */
  rename?: (name: string) => void
}

/** Shows who is here: avatars in the header, and a list in which one's own name can be changed. */
export const mountPeople = ({ awareness, tintFor, ownName, rename }: PeopleViewOptions): void => {
  const button = byId('people', HTMLButtonElement)
  const list = h('ul', { class: 'people-list' })
  const heading = h('h2', { class: 'popover-title' })
  const ownAvatar = h('span', { class: 'own-avatar' })
  const field = h('input', {
    type: 'text',
    class: 'field',
    id: 'own-name',
    autocomplete: 'nickname',
    maxlength: String(maxNameLength),
    readonly: !rename,
  })
  const form = h(
    'form',
    { class: 'own-name' },
    ownAvatar,
    h(
      'label',
      { for: 'own-name' },
      h(
        'span',
        { class: 'label' },
        rename ? 'Your name, as others see it' : 'Your name comes from your application',
      ),
      field,
    ),
  )
  const popover = h(
    'div',
    { class: 'popover people', role: 'dialog', 'aria-label': 'People here' },
    heading,
    form,
    list,
  )
  document.body.append(popover)

  const avatar = (person: Person): HTMLElement => avatarOf(person, tintFor)

  let shown = ''
  const refresh = (): void => {
    const people = peopleIn(awareness.getStates(), awareness.clientID)
    const key = JSON.stringify(people)
    if (key === shown) return
    shown = key
    const visible = people.slice(0, maxAvatars)
    const hidden = people.length - visible.length
    const names = people.map(({ name, self }) => (self ? `${name} (you)` : name))
    button.replaceChildren(...visible.map(avatar))
    // The number for narrow screens counts from the third avatar on, which the style sheet hides there.
    if (people.length > 2) button.append(more(people.length - 2, 'narrow'))
    if (hidden > 0) button.append(more(hidden, 'wide'))
    button.setAttribute('aria-label', `${people.length} here: ${names.join(', ')}`)
    heading.textContent = people.length === 1 ? 'Only you are here' : `${people.length} people are here`
    const [self, others] = [people.find((person) => person.self), people.filter((person) => !person.self)]
    if (self) ownAvatar.replaceChildren(avatar(self))
    list.replaceChildren(...others.map((person) => h('li', {}, avatar(person), h('span', {}, person.name))))
  }
  awareness.on('change', refresh)
  refresh()

  bindPopover(button, popover, {
    beforeOpen() {
      field.value = ownName()
    },
  })
  const commit = (): void => {
    const name = cleanName(field.value)
    field.value = name || ownName()
    if (name && name !== ownName()) rename?.(name)
  }
  field.addEventListener('change', commit)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    commit()
    popover.hidePopover()
  })
}

const more = (count: number, size: 'narrow' | 'wide'): HTMLElement =>
  h('span', { class: `avatar more ${size}` }, `+${count}`)
