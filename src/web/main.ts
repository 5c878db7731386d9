import './styles/tokens.css'
import './styles/layout.css'
import './styles/controls.css'
import './styles/popovers.css'
import './styles/people.css'
import './styles/bell.css'
import './styles/prose.css'
import './styles/content.css'
import './styles/dialogs.css'
import './styles/panels.css'
import './styles/exports.css'
import './styles/comments.css'
import './styles/analytics.css'
import { refreshFlags } from './carets.ts'
import { createApi } from './api.ts'
import { mountBell } from './bell.ts'
import { loadComments } from './comments/load.ts'
import { mountConnectHelp } from './connect-help.ts'
import { documentNameIn, documentPath, randomDocumentName } from './document-name.ts'
import { byId } from './dom.ts'
import { openEditor } from './editor.ts'
import { availableStorage, loadGuest, saveGuest } from './guest.ts'
import { acceptInvitation, takeInvitationFromAddress } from './invitation.ts'
import { mountExportMenu } from './export-menu.ts'
import { mountNotice } from './notice.ts'
import { bindPanels } from './panels.ts'
import { mountPeople } from './people-view.ts'
import { calmly, saveStateOf } from './save-state.ts'
import { openSession, type SessionFacts } from './session.ts'
import { tintOf, tintRegistry } from './tints.ts'
import { mountTitle } from './title.ts'
import { applicationToken, guestTokens, takeTokenFromAddress } from './tokens.ts'
import { mountToolbar } from './toolbar.ts'
import { installTooltips } from './tooltip.ts'
import { mountWordCount } from './word-count.ts'

const firstTokenDeadlineMs = 1_500

const address = new URL(location.href)
const documentName = documentNameIn(address.search) ?? randomDocumentName()
const tab = availableStorage('sessionStorage')
const givenToken = takeTokenFromAddress(address, tab)
const invitation = takeInvitationFromAddress(address, tab)
// oxlint-disable-next-line unicorn/no-null -- the history API wants null for "no state".
window.history.replaceState(null, '', documentPath(documentName))

const storage = availableStorage('localStorage')
const guest = loadGuest(storage)
const tokens = givenToken
  ? applicationToken(givenToken)
  : guestTokens(guest, (changed) => saveGuest(storage, changed))
await firstToken()
const api = createApi(tokens, documentName)
if (invitation) await acceptInvitation(api, invitation, tab)
const socketOrigin = location.origin.replace(/^http/, 'ws')
const tintFor = tintRegistry()

/**
 * The first token tells the id of a guest, and so the own colour and the name of the local copy. A network that
 * is gone must not hold up the page; a refusal comes up again when the session asks.
 */
async function firstToken(): Promise<void> {
  const deadline = new Promise((resolve) => setTimeout(resolve, firstTokenDeadlineMs))
  await Promise.race([tokens.get().catch(() => undefined), deadline])
}

const ownUser = () => {
  const { id, name } = tokens.identity
  return { id, name, color: tintOf(id) }
}

const saveState = byId('save-state', HTMLElement)
const showSaveState = calmly(({ kind, label }) => {
  saveState.dataset['state'] = kind
  const text = byId('save-text', HTMLElement)
  text.textContent = label
  text.title = label
})

const session = openSession({
  documentName,
  url: `${socketOrigin}/collab`,
  tokens,
  onFacts: (facts) => follow(facts),
})
const { provider } = session
const awareness = provider.awareness
if (!awareness) throw new Error('the provider has no awareness')

const sheet = byId('sheet', HTMLElement)
const editorElement = byId('editor', HTMLElement)
const comments = loadComments({ session, api, documentName, self: ownUser, tintFor })
const slot = openEditor({ element: editorElement, provider, user: ownUser, tintFor }, (editor) => {
  mountToolbar(byId('toolbar', HTMLElement), editor)
  comments.attach(editor)
  mountWordCount(byId('words', HTMLElement), editor)
})
const showNotice = mountNotice(() => session.retry())

function follow(facts: SessionFacts): void {
  showSaveState(saveStateOf(facts))
  // What is shown is calm; this is exact, for tests and for whoever looks closer.
  saveState.dataset['unsaved'] = String(facts.unsyncedChanges)
  showNotice(facts.problem, facts.loaded)
  document.body.toggleAttribute('data-readonly', facts.access === 'read')
  sheet.toggleAttribute('data-loading', !facts.loaded)
  if (slot.current.isEditable !== facts.writable) slot.current.setEditable(facts.writable)
}
follow(session.facts)

// Setting the state raises its clock. The others were told at the last disconnect that this client has left, and
// would ignore a state that they already know.
provider.on('authenticated', () => awareness.setLocalStateField('user', ownUser()))

mountTitle(documentName)
mountBell(api, tokens)
mountPeople({
  awareness,
  tintFor,
  ownName: () => tokens.identity.name,
  ...(tokens.renamable && {
    rename(name: string) {
      guest.name = name
      saveGuest(storage, guest)
      awareness.setLocalStateField('user', ownUser())
      // The server puts the name of the token into what the others see, so a new name needs a new token.
      session.retry()
    },
  }),
})
refreshFlags(sheet, awareness)
mountConnectHelp(documentName, socketOrigin)
mountExportMenu(api)
bindPanels({
  api,
  documentName,
  ownId: () => tokens.identity.id,
  tintFor,
  canWrite: () => session.facts.access === 'write',
})
byId('new-document', HTMLButtonElement).addEventListener('click', () => {
  location.assign(documentPath(randomDocumentName()))
})
// The sheet is the paper: a click on its margin or below the text goes on writing at the end.
sheet.addEventListener('mousedown', (event) => {
  if (event.target !== sheet && event.target !== editorElement) return
  event.preventDefault()
  slot.current.commands.focus('end')
})
installTooltips()

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register('/service-worker.js').catch(() => undefined)
}
