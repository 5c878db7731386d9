// A document in a textarea, over the JSON protocol: no editor, no Yjs.
import { connect, difference, transformPosition } from '../client/index.ts'
import { availableStorage, loadGuest, saveGuest } from './guest.ts'
import { guestTokens } from './tokens.ts'

const element = <Kind extends HTMLElement>(id: string) => document.querySelector(`#${id}`) as Kind
const area = element<HTMLTextAreaElement>('text')
const documentId = new URLSearchParams(location.search).get('doc') ?? 'welcome'
const storage = availableStorage('localStorage')
const tokens = guestTokens(loadGuest(storage), (guest) => saveGuest(storage, guest))
const url = new URL('/ws', location.href.replace('http', 'ws')).href
const shared = connect({ url, documentId, token: () => tokens.get() })
element('name').textContent = documentId

/** A document of blocks ends with a line break that belongs to its last block. */
const shownText = (): string => shared.text.replace(/\n$/, '')

area.addEventListener('input', () => {
  shared.edit(difference([{ insert: shownText() }], [{ insert: area.value }]))
})
document.addEventListener('selectionchange', () => {
  if (document.activeElement === area) shared.cursor(area.selectionEnd, area.selectionStart)
})
shared.onChange(({ ops, userId }) => {
  if (userId === undefined) return
  const [start, end] = [area.selectionStart, area.selectionEnd].map((at) => transformPosition(ops, at, false))
  area.value = shownText()
  area.setSelectionRange(start ?? 0, end ?? 0)
})
shared.on('state', () => {
  area.disabled = shared.role === undefined
  area.readOnly = shared.role === 'viewer' || shared.role === 'commenter'
  element('state').textContent = shared.isSaved ? (shared.isOnline ? 'Saved' : 'Offline') : 'Saving …'
})
shared.on('presence', () => {
  element('people').textContent = [...shared.users.values()].map(({ userName }) => userName).join(', ')
})
shared.on('failed', ({ message }) => {
  element('state').textContent = message
})
