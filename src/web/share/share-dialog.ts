import { ApiError, messageOf, type Api } from '../api.ts'
import { avatarOf } from '../avatar.ts'
import { bindCopy } from '../clipboard.ts'
import { openDialog } from '../dialog.ts'
import { h } from '../dom.ts'
import { roleNames, roles, type Role } from '../roles.ts'
import { inviteForm, type Invitation } from './invite-form.ts'

interface Person {
  readonly userId: string
  readonly name: string | null
  readonly email?: string | null
  readonly role: Role
}

export interface ShareOptions {
  readonly api: Api
  readonly ownId: string
  /** What is being shared, as the person knows it. */
  readonly title: string
  /** The address of the document. */
  readonly link: string
  readonly tintFor: (id: string) => string
}

/** Opens the dialog in which one sees who has access, and owners change it. */
export const openShareDialog = (options: ShareOptions): void => {
  const { api, ownId, title, link } = options
  const hint = h('p', { class: 'field-hint', role: 'alert' })
  const people = h('ul', { class: 'share-people', 'aria-label': 'People with access', 'aria-busy': 'true' })
  const invitations = h('ul', { class: 'share-people', 'aria-label': 'Invitations' })
  const top = h('div', { class: 'share-top' })
  const copy = h('button', { type: 'button', class: 'button', id: 'copy-link' }, 'Copy link')
  const address = h('input', {
    class: 'field',
    readonly: true,
    value: link,
    'aria-label': 'Link to this document',
  })
  bindCopy(copy, () => link)
  address.addEventListener('focus', () => address.select())

  openDialog({
    name: 'share',
    title: `Share “${title}”`,
    content: [top, hint, people, invitations, h('div', { class: 'share-link' }, address, copy)],
  })

  /** Does what somebody has asked for, and shows what came of it. */
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    hint.textContent = ''
    try {
      await work()
    } catch (error) {
      hint.textContent = messageOf(error)
    }
    await load()
  }

  const change = ({ userId }: Person, role: Role | 'none'): Promise<void> =>
    attempt(() => {
      const path = api.path(`/grants/${encodeURIComponent(userId)}`)
      return role === 'none' ? api.json('DELETE', path) : api.json('PUT', path, { role })
    })

  const personRow = (person: Person, isOwner: boolean): HTMLElement => {
    const { userId, name, email, role } = person
    const isSelf = userId === ownId
    const shown = name ?? userId
    return h(
      'li',
      { 'data-user': userId },
      avatarOf({ id: userId, name: shown }, options.tintFor),
      h(
        'span',
        { class: 'share-who' },
        h('span', {}, isSelf ? `${shown} (you)` : shown),
        h('span', { class: 'label' }, email ?? ''),
      ),
      isOwner
        ? roleSelect(`Role of ${shown}`, role, (chosen) => void change(person, chosen))
        : h('span', { class: 'label' }, roleNames[role]),
    )
  }

  const invitationRow = ({ id, email, role }: Invitation): HTMLElement => {
    const withdraw = h('button', { type: 'button', class: 'button quiet' }, 'Withdraw')
    withdraw.addEventListener('click', () => {
      void attempt(() => api.json('DELETE', api.path(`/invitations/${id}`)))
    })
    return h(
      'li',
      {},
      h('span', { class: 'avatar invited', 'aria-hidden': 'true' }, '@'),
      h(
        'span',
        { class: 'share-who' },
        h('span', {}, email),
        h('span', { class: 'label' }, `Invited: ${roleNames[role].toLowerCase()}`),
      ),
      withdraw,
    )
  }

  const showOwners = async (): Promise<void> => {
    const [grants, invited] = await Promise.all([
      api.json<{ items: Person[] }>('GET', api.path('/grants')),
      api.json<{ items: Invitation[] }>('GET', api.path('/invitations')),
    ])
    if (!top.firstChild) top.append(inviteForm({ api, attempt }))
    people.replaceChildren(...grants.items.map((person) => personRow(person, true)))
    const pending = invited.items.filter(({ state }) => state === 'pending')
    invitations.replaceChildren(...pending.map(invitationRow))
  }

  const showOthers = async (): Promise<void> => {
    const { items } = await api.json<{ items: Person[] }>('GET', api.path('/people'))
    top.replaceChildren(h('p', {}, 'Only owners invite people and change what they may do.'))
    people.replaceChildren(...items.map((person) => personRow(person, false)))
    invitations.replaceChildren()
  }

  const load = async (): Promise<void> => {
    try {
      await showOwners().catch((error: unknown) => {
        if (error instanceof ApiError && error.problem.code === 'CODRAFT_ROLE_INSUFFICIENT')
          return showOthers()
        throw error
      })
    } catch (error) {
      hint.textContent = messageOf(error)
    }
    people.removeAttribute('aria-busy')
  }
  void load()
}

const roleSelect = (label: string, role: Role, changed: (role: Role | 'none') => void): HTMLElement => {
  const select = h(
    'select',
    { class: 'select', 'aria-label': label },
    ...roles.map((name) => h('option', { value: name, selected: name === role }, roleNames[name])),
    h('option', { value: 'none' }, 'Remove'),
  )
  select.addEventListener('change', () => changed(select.value as Role | 'none'))
  return select
}
