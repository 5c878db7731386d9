import type { Api } from './api.ts'
import { byId, h, icon } from './dom.ts'
import { bindPopover } from './popover.ts'
import { createPushSwitch } from './push-switch.ts'
import type { TokenSource } from './tokens.ts'

interface Notification {
  readonly id: string
  readonly text: string
  readonly url: string
  readonly at: string
  readonly read: boolean
}

const bellPath =
  'M5.2 13.5c1-1.1 1.2-2.3 1.2-4.3a3.6 3.6 0 0 1 7.2 0c0 2 .2 3.2 1.2 4.3zM8.4 16.2a1.8 1.8 0 0 0 3.2 0'
const maxShown = 30
const firstRetryMs = 2_000
const maxRetryMs = 60_000

/** A button with the number of unread notifications, and the list behind it; new ones come by themselves. */
export const mountBell = (api: Api, tokens: TokenSource): void => {
  const button = byId('bell', HTMLButtonElement)
  const count = h('span', { class: 'bell-count', hidden: true })
  button.append(icon(bellPath), count)
  const list = h('ul', { class: 'bell-list' })
  const empty = h(
    'p',
    { class: 'label' },
    'Nothing yet. You are told here when somebody shares a document with you or mentions you.',
  )
  const popover = h(
    'div',
    { class: 'popover bell', role: 'dialog', 'aria-label': 'Notifications' },
    h('h2', { class: 'popover-title' }, 'Notifications'),
    empty,
    list,
    createPushSwitch(api),
  )
  document.body.append(popover)
  let shown: readonly Notification[] = []

  const showUnread = (unread: number): void => {
    count.textContent = unread > 99 ? '99+' : String(unread)
    count.hidden = unread === 0
    button.setAttribute('aria-label', unread === 0 ? 'Notifications' : `Notifications, ${unread} unread`)
  }

  const render = (): void => {
    empty.hidden = shown.length > 0
    list.replaceChildren(...shown.map(entry))
  }

  const load = async (): Promise<void> => {
    const page = await api.json<{ items: Notification[]; unread: number }>(
      'GET',
      `/api/notifications?limit=${maxShown}`,
    )
    shown = page.items
    showUnread(page.unread)
    render()
  }

  const markRead = async (): Promise<void> => {
    const { unread } = await api.json<{ unread: number }>('POST', '/api/notifications/read', {})
    showUnread(unread)
  }

  const take = (event: string, data: string): void => {
    if (event === 'unread') showUnread((JSON.parse(data) as { unread: number }).unread)
    if (event !== 'notification') return
    const notification = JSON.parse(data) as Notification
    // A stream that is opened anew repeats what came shortly before.
    shown = [notification, ...shown.filter(({ id }) => id !== notification.id)].slice(0, maxShown)
    render()
  }

  const follow = async (): Promise<void> => {
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(maxRetryMs, 2 * retryMs)) {
      try {
        await load()
        const { body, ok } = await fetch('/api/events', {
          headers: { authorization: `Bearer ${await tokens.get()}` },
        })
        if (ok) retryMs = firstRetryMs
        if (ok && body) await readEvents(body, take)
      } catch {
        // Offline, or refused: it is tried again, later each time.
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs))
    }
  }

  showUnread(0)
  render()
  bindPopover(button, popover)
  popover.addEventListener('toggle', (event) => {
    // Unread ones keep their mark while the list is open.
    if (event.newState === 'open') void markRead().catch(() => undefined)
    else void load().catch(() => undefined)
  })
  void follow()
}

const entry = ({ text, url, at, read }: Notification): HTMLElement =>
  h(
    'li',
    { 'data-unread': !read },
    h('a', { href: url }, text, h('time', { class: 'label', datetime: at }, timeText(new Date(at)))),
  )

const timeText = (date: Date): string =>
  date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })

/** Reads server-sent events until the stream ends. */
const readEvents = async (
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (event: string, data: string) => void,
): Promise<void> => {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      take(field('event'), field('data'))
    }
  }
}
