import type { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { embeddedImage } from './embedded-image.ts'
import { linkAddress } from './link-address.ts'
import { bindPopover } from './popover.ts'
import { setDisabled, toolButton, type Tool } from './tool.ts'

/** The button and the small form that insert a picture: from a file, or by its address. */
export const createImageTool = (editor: Editor): Tool => {
  const button = toolButton({ name: 'image', label: 'Picture', icon: 'image' })
  const file = h('input', { type: 'file', accept: 'image/*', hidden: true })
  const choose = h('button', { type: 'button', class: 'button', autofocus: true }, 'Choose a file …')
  const address = h('input', {
    type: 'text',
    class: 'field',
    inputmode: 'url',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'or paste the address of a picture',
    'aria-label': 'Address of the picture',
  })
  const hint = h('p', { class: 'field-hint', role: 'alert' })
  const insert = h('button', { type: 'submit', class: 'button primary' }, 'Insert')
  const form = h(
    'form',
    { class: 'popover image-form', role: 'dialog', 'aria-label': 'Picture', novalidate: true },
    h('div', { class: 'row' }, choose, file),
    h('div', { class: 'row' }, address, insert),
    hint,
  )
  document.body.append(form)
  editor.on('destroy', () => form.remove())
  bindPopover(button, form, {
    beforeOpen() {
      address.value = ''
      hint.textContent = ''
    },
  })

  const place = (attributes: { src: string; alt?: string; width?: number; height?: number }): void => {
    form.hidePopover()
    editor.chain().focus().setImage(attributes).run()
  }
  choose.addEventListener('click', () => file.click())
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? []
    file.value = ''
    if (!chosen) return
    hint.textContent = ''
    embeddedImage(chosen).then(
      (image) => (image ? place(image) : (hint.textContent = 'This picture is too large to be embedded.')),
      () => (hint.textContent = 'This file is not a picture that the browser can read.'),
    )
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const src = linkAddress(address.value)
    if (src?.startsWith('http')) return place({ src })
    hint.textContent = address.value.trim() ? 'This is not a web address.' : 'Paste an address first.'
    address.focus()
  })

  return {
    button,
    refresh() {
      button.setAttribute('aria-pressed', String(editor.isActive('image')))
      setDisabled(button, !editor.isEditable || editor.isActive('codeBlock'))
    },
  }
}
