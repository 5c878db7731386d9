import { bindCopy } from './clipboard.ts'
import { byId, h } from './dom.ts'
import { bindPopover } from './popover.ts'

/** The popover that says how to connect an editor of one's own to this document. */
export const mountConnectHelp = (documentName: string, socketOrigin: string): void => {
  const addresses: [string, string][] = [
    ['HocuspocusProvider (Tiptap)', `${socketOrigin}/collab`],
    ['WebsocketProvider (y-websocket)', `${socketOrigin}/yjs/${encodeURIComponent(documentName)}`],
  ]
  const code = [
    'new HocuspocusProvider({',
    `  url: ${JSON.stringify(`${socketOrigin}/collab`)},`,
    `  name: ${JSON.stringify(documentName)},`,
    '  token: () => fetchTokenFromYourApp(),',
    '})',
  ].join('\n')

  const rows = addresses.map(([client, address]) => {
    const copy = h(
      'button',
      { type: 'button', class: 'button quiet', 'aria-label': `Copy the address for ${client}` },
      'Copy',
    )
    bindCopy(copy, () => address)
    return h('div', { class: 'address' }, h('dt', {}, client), h('dd', {}, h('code', {}, address)), copy)
  })
  const popover = h(
    'div',
    { class: 'popover help', role: 'dialog', 'aria-label': 'Connect an editor' },
    h('h2', { class: 'popover-title' }, 'Connect your own editor'),
    h('p', {}, 'Every Yjs editor can join this document: point its provider at this server.'),
    h('dl', {}, ...rows),
    h('pre', { tabindex: '0' }, h('code', {}, code)),
    h('p', { class: 'label' }, 'The text of this page is in the Tiptap field “default”.'),
  )
  document.body.append(popover)
  bindPopover(byId('help', HTMLButtonElement), popover)
}
