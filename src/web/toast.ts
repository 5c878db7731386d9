import { h } from './dom.ts'

const toastMs = 8_000

/** Says something for a while, without taking the focus. */
export const showToast = (text: string): void => {
  const toast = h('div', { class: 'toast', role: 'status' }, text)
  document.body.append(toast)
  setTimeout(() => toast.remove(), toastMs)
}
