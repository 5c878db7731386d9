import type { Api } from '../api.ts'
import { bindCopy } from '../clipboard.ts'
import { h } from '../dom.ts'
import { roleNames, roles, type Role } from '../roles.ts'

export interface Invitation {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly state: 'pending' | 'accepted' | 'revoked'
}

interface InviteOptions {
  readonly api: Api
  readonly attempt: (work: () => Promise<unknown>) => Promise<void>
}

/** Invites somebody by e-mail; afterwards the link can be copied too, for those whose mail does not come. */
export const inviteForm = ({ api, attempt }: InviteOptions): HTMLElement => {
  const email = h('input', {
    type: 'email',
    class: 'field',
    autofocus: true,
    required: true,
    autocomplete: 'off',
    placeholder: 'E-mail address',
    'aria-label': 'E-mail address of whom to invite',
  })
  const role = h(
    'select',
    { class: 'select', 'aria-label': 'Role of whom to invite' },
    ...roles.map((name) => h('option', { value: name, selected: name === 'editor' }, roleNames[name])),
  )
  const invite = h('button', { type: 'submit', class: 'button primary' }, 'Invite')
  const done = h('p', { class: 'share-done', role: 'status' })
  const form = h('form', { class: 'share-invite' }, h('div', { class: 'row' }, email, role, invite), done)

  const shown = (address: string, url: string): void => {
    const copy = h('button', { type: 'button', class: 'button quiet' }, 'Copy the invitation')
    bindCopy(copy, () => url)
    done.replaceChildren(h('span', {}, `${address} gets an e-mail with a link.`), copy)
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const address = email.value.trim()
    done.replaceChildren()
    invite.disabled = true
    void attempt(async () => {
      const body = { email: address, role: role.value }
      const { url } = await api.json<{ url: string }>('POST', api.path('/share'), body)
      shown(address, url)
      email.value = ''
    }).finally(() => {
      invite.disabled = false
      email.focus()
    })
  })
  return form
}
