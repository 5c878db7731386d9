import { messageOf, type Api } from './api.ts'
import { h } from './dom.ts'

const blockedText = 'This browser blocks notifications of this page. You can allow them in its settings.'
const failedText = 'This browser could not subscribe to notifications. Its push service may be out of reach.'

/** A switch that has this device told of notifications while no page is open; hidden where a browser cannot. */
export const createPushSwitch = (api: Api): HTMLElement => {
  const control = h('button', { type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false' })
  control.append('Notify me on this device', h('span', { class: 'switch-track', 'aria-hidden': 'true' }))
  const hint = h('p', { class: 'label', role: 'status', hidden: true })
  const element = h('div', { class: 'push-switch', hidden: true }, control, hint)

  const show = (isOn: boolean, text = ''): void => {
    control.setAttribute('aria-checked', String(isOn))
    hint.textContent = text
    hint.hidden = text === ''
  }

  const start = async (): Promise<void> => {
    if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) return
    const { pushManager } = await navigator.serviceWorker.ready
    const isOn = async (): Promise<boolean> =>
      Notification.permission === 'granted' && (await pushManager.getSubscription()) !== null

    const toggle = async (): Promise<void> => {
      if (await isOn()) {
        await unsubscribe(pushManager, api)
        return show(false)
      }
      if ((await Notification.requestPermission()) === 'granted') {
        await subscribe(pushManager, api)
        return show(true)
      }
      show(false, Notification.permission === 'denied' ? blockedText : '')
    }

    control.addEventListener('click', () => {
      control.disabled = true
      void toggle()
        .catch((error: unknown) => show(false, error instanceof DOMException ? failedText : messageOf(error)))
        .finally(() => (control.disabled = false))
    })
    show(await isOn(), Notification.permission === 'denied' ? blockedText : '')
    element.hidden = false
    // The browser may have been somebody else's, and the server may have another key by now.
    if (await isOn()) await subscribe(pushManager, api)
  }

  // Offline: it is tried again when the page is opened the next time.
  void start().catch(() => undefined)
  return element
}

const subscribe = async (pushManager: PushManager, api: Api): Promise<void> => {
  const { key } = await api.json<{ key: string }>('GET', '/api/push/key')
  const before = await pushManager.getSubscription()
  if (before && base64Url(before.options.applicationServerKey) !== key) await before.unsubscribe()
  const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  await api.json('POST', '/api/push/subscriptions', subscription.toJSON())
}

const unsubscribe = async (pushManager: PushManager, api: Api): Promise<void> => {
  const subscription = await pushManager.getSubscription()
  if (!subscription) return
  await subscription.unsubscribe()
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(subscription.endpoint))
  await api.json('DELETE', `/api/push/subscriptions/${base64Url(hash)}`)
}

const base64Url = (bytes: ArrayBuffer | null): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer())))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
