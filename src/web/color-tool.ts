import type { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { scripts } from './formats.ts'
import { bindPopover } from './popover.ts'
import { setDisabled, toolButton, type Tool } from './tool.ts'

type Swatch = readonly [label: string, color: string]

/** Readable on light and on dark paper. */
const textColors: readonly Swatch[] = [
  ['Grey', '#79827c'],
  ['Red', '#d0453a'],
  ['Orange', '#c2691a'],
  ['Green', '#2f8f5b'],
  ['Blue', '#2f7fd0'],
  ['Purple', '#9059d0'],
]

/** The text on them is dark, on light and on dark paper. */
const highlights: readonly Swatch[] = [
  ['Yellow', '#ffe48a'],
  ['Orange', '#ffd0a3'],
  ['Pink', '#f9c6d6'],
  ['Green', '#c3ebc6'],
  ['Blue', '#bfe0f7'],
  ['Purple', '#dccff7'],
]

/** Colours of the text and behind it, sub- and superscript. */
export const createColorTool = (editor: Editor): Tool => {
  const button = toolButton({ name: 'color', label: 'Colour and script', icon: 'color' })
  const currentColor = (): unknown => editor.getAttributes('textStyle')['color']
  const currentHighlight = (): unknown => editor.getAttributes('highlight')['color']

  const choices: { element: HTMLButtonElement; isActive: () => boolean }[] = []
  const choice = (
    attributes: Record<string, string>,
    isActive: () => boolean,
    run: () => void,
    ...content: (Node | string)[]
  ): HTMLButtonElement => {
    const element = h('button', { type: 'button', ...attributes }, ...content)
    element.addEventListener('click', () => {
      popover.hidePopover()
      run()
    })
    choices.push({ element, isActive })
    return element
  }
  const swatch = (kind: string, [label, color]: Swatch, isActive: () => boolean, run: () => void) =>
    choice(
      { class: `swatch swatch-${kind}`, style: `--swatch: ${color}`, 'aria-label': label, 'data-tip': label },
      isActive,
      run,
      'A',
    )

  const popover = h(
    'div',
    { class: 'popover colors', role: 'dialog', 'aria-label': 'Colour and script' },
    h('h2', { class: 'label' }, 'Text'),
    h(
      'div',
      { class: 'swatches' },
      swatch(
        'text',
        ['No colour', 'inherit'],
        () => !currentColor(),
        () => editor.chain().focus().unsetColor().run(),
      ),
      ...textColors.map(([label, color]) =>
        swatch(
          'text',
          [label, color],
          () => currentColor() === color,
          () => editor.chain().focus().setColor(color).run(),
        ),
      ),
    ),
    h('h2', { class: 'label' }, 'Highlight'),
    h(
      'div',
      { class: 'swatches' },
      swatch(
        'mark',
        ['No highlight', 'transparent'],
        () => !editor.isActive('highlight'),
        () => editor.chain().focus().unsetHighlight().run(),
      ),
      ...highlights.map(([label, color]) =>
        swatch(
          'mark',
          [label, color],
          () => currentHighlight() === color,
          () => editor.chain().focus().setHighlight({ color }).run(),
        ),
      ),
    ),
    h(
      'div',
      { class: 'swatches scripts' },
      ...scripts.map((format) =>
        choice(
          { class: 'button quiet', 'data-format': format.name },
          () => format.isActive?.(editor) ?? false,
          () => format.run(editor),
          format.label,
        ),
      ),
    ),
  )
  document.body.append(popover)
  editor.on('destroy', () => popover.remove())
  bindPopover(button, popover, {
    beforeOpen() {
      for (const { element, isActive } of choices) element.setAttribute('aria-pressed', String(isActive()))
    },
  })

  return {
    button,
    refresh() {
      const color = currentColor()
      button.style.setProperty(
        '--current',
        typeof color === 'string' && CSS.supports('color', color) ? color : '',
      )
      const isScript = scripts.some((format) => format.isActive?.(editor))
      button.setAttribute('aria-pressed', String(!!color || isScript || editor.isActive('highlight')))
      setDisabled(button, !editor.isEditable || !editor.can().toggleMark('highlight'))
    },
  }
}
