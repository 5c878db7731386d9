import type { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { linkAddress } from './link-address.ts'
import { bindPopover } from './popover.ts'
import { setDisabled, toolButton, type Tool } from './tool.ts'

/** The button and the small form that set, change, open and remove a link. */
export const createLinkTool = (editor: Editor): Tool => {
  const button = toolButton({ name: 'link', label: 'Link', icon: 'link', shortcut: 'Mod-K' })
  const input = h('input', {
    type: 'text',
    class: 'field',
    autofocus: true,
    inputmode: 'url',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'Paste or type an address',
    'aria-label': 'Address of the link',
  })
  const hint = h('p', { class: 'field-hint', role: 'alert' })
  const open = h('a', { class: 'button quiet', target: '_blank', rel: 'noopener noreferrer' }, 'Open')
  const remove = h('button', { type: 'button', class: 'button quiet' }, 'Remove')
  const apply = h('button', { type: 'submit', class: 'button primary' }, 'Apply')
  const form = h(
    'form',
    { class: 'popover link-form', role: 'dialog', 'aria-label': 'Link', novalidate: true },
    input,
    hint,
    h('div', { class: 'row' }, remove, open, apply),
  )
  document.body.append(form)
  editor.on('destroy', () => form.remove())

  const currentAddress = (): string => {
    const href: unknown = editor.getAttributes('link')['href']
    return typeof href === 'string' ? href : ''
  }
  const selectionRect = (): DOMRect => {
    const { from, to } = editor.state.selection
    const start = editor.view.coordsAtPos(from)
    const end = editor.view.coordsAtPos(to)
    const sameLine = start.top === end.top
    return new DOMRect(start.left, start.top, sameLine ? end.right - start.left : 0, end.bottom - start.top)
  }
  bindPopover(button, form, {
    anchor: selectionRect,
    beforeOpen() {
      const address = currentAddress()
      input.value = address
      hint.textContent = ''
      for (const element of [open, remove]) element.hidden = !address
      open.href = linkAddress(address) ?? '#'
    },
  })

  input.addEventListener('focus', () => input.select())
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const href = linkAddress(input.value)
    if (!href) {
      hint.textContent = input.value.trim() ? 'This is not a web or mail address.' : 'Type an address first.'
      return input.focus()
    }
    form.hidePopover()
    setLink(editor, href)
  })
  remove.addEventListener('click', () => {
    form.hidePopover()
    editor.chain().focus().extendMarkRange('link').unsetLink().run()
  })
  open.addEventListener('click', () => form.hidePopover())
  editor.view.dom.addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey) || event.shiftKey) return
    event.preventDefault()
    if (editor.isEditable) form.showPopover()
  })

  return {
    button,
    refresh() {
      button.setAttribute('aria-pressed', String(editor.isActive('link')))
      setDisabled(button, !editor.isEditable || !editor.can().toggleMark('link'))
    },
  }
}

/** Links the selection or the link around the caret; with neither, writes the address as its own text. */
const setLink = (editor: Editor, href: string): void => {
  const chain = editor.chain().focus()
  if (editor.state.selection.empty && !editor.isActive('link')) {
    const text = href.replace(/^mailto:/, '')
    chain
      .insertContent({ type: 'text', text, marks: [{ type: 'link', attrs: { href } }] })
      .unsetMark('link')
      .run()
  } else {
    chain.extendMarkRange('link').setLink({ href }).run()
  }
}
