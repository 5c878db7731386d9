import type { Editor } from '@tiptap/core'
import { icons } from './icons.ts'

/** Something that a button of the formatting bar does. */
export interface Format {
  readonly name: string
  readonly label: string
  readonly icon: keyof typeof icons
  readonly shortcut?: string
  run(editor: Editor): void
  isActive?(editor: Editor): boolean
  isEnabled?(editor: Editor): boolean
}

const mark = (name: string, label: string, shortcut: string): Format => ({
  name,
  label,
  icon: name as keyof typeof icons,
  shortcut,
  run: (editor) => editor.chain().focus().toggleMark(name).run(),
  isActive: (editor) => editor.isActive(name),
  isEnabled: (editor) => editor.can().toggleMark(name),
})

export const marks: Format[] = [
  mark('bold', 'Bold', 'Mod-B'),
  mark('italic', 'Italic', 'Mod-I'),
  mark('underline', 'Underline', 'Mod-U'),
  mark('strike', 'Strikethrough', 'Mod-Shift-S'),
  mark('code', 'Inline code', 'Mod-E'),
]

export const scripts: Pick<Format, 'name' | 'label' | 'run' | 'isActive'>[] = [
  {
    name: 'subscript',
    label: 'Subscript',
    run: (editor) => editor.chain().focus().unsetSuperscript().toggleSubscript().run(),
    isActive: (editor) => editor.isActive('subscript'),
  },
  {
    name: 'superscript',
    label: 'Superscript',
    run: (editor) => editor.chain().focus().unsetSubscript().toggleSuperscript().run(),
    isActive: (editor) => editor.isActive('superscript'),
  },
]

export const blocks: Format[] = [
  {
    name: 'bulletList',
    label: 'Bullet list',
    icon: 'bulletList',
    shortcut: 'Mod-Shift-8',
    run: (editor) => editor.chain().focus().toggleBulletList().run(),
    isActive: (editor) => editor.isActive('bulletList'),
  },
  {
    name: 'orderedList',
    label: 'Numbered list',
    icon: 'orderedList',
    shortcut: 'Mod-Shift-7',
    run: (editor) => editor.chain().focus().toggleOrderedList().run(),
    isActive: (editor) => editor.isActive('orderedList'),
  },
  {
    name: 'taskList',
    label: 'Task list',
    icon: 'taskList',
    shortcut: 'Mod-Shift-9',
    run: (editor) => editor.chain().focus().toggleTaskList().run(),
    isActive: (editor) => editor.isActive('taskList'),
  },
  {
    name: 'blockquote',
    label: 'Quote',
    icon: 'quote',
    shortcut: 'Mod-Shift-B',
    run: (editor) => editor.chain().focus().toggleBlockquote().run(),
    isActive: (editor) => editor.isActive('blockquote'),
  },
  {
    name: 'codeBlock',
    label: 'Code block',
    icon: 'codeBlock',
    shortcut: 'Mod-Alt-C',
    run: (editor) => editor.chain().focus().toggleCodeBlock().run(),
    isActive: (editor) => editor.isActive('codeBlock'),
  },
  {
    name: 'horizontalRule',
    label: 'Divider',
    icon: 'rule',
    run: (editor) => editor.chain().focus().setHorizontalRule().run(),
  },
]

export const history: Format[] = [
  {
    name: 'undo',
    label: 'Undo',
    icon: 'undo',
    shortcut: 'Mod-Z',
    run: (editor) => editor.chain().focus().undo().run(),
    isEnabled: (editor) => editor.can().undo(),
  },
  {
    name: 'redo',
    label: 'Redo',
    icon: 'redo',
    shortcut: 'Mod-Shift-Z',
    run: (editor) => editor.chain().focus().redo().run(),
    isEnabled: (editor) => editor.can().redo(),
  },
]

export interface TextStyle {
  readonly name: string
  readonly label: string
  readonly shortcut: string
  run(editor: Editor): void
  isActive(editor: Editor): boolean
}

const heading = (level: 1 | 2 | 3): TextStyle => ({
  name: `heading-${level}`,
  label: `Heading ${level}`,
  shortcut: `Mod-Alt-${level}`,
  run: (editor) => editor.chain().focus().setHeading({ level }).run(),
  isActive: (editor) => editor.isActive('heading', { level }),
})

const isHeading = (editor: Editor): boolean => editor.isActive('heading')

export const textStyles: TextStyle[] = [
  {
    name: 'paragraph',
    label: 'Text',
    shortcut: 'Mod-Alt-0',
    run: (editor) => editor.chain().focus().setParagraph().run(),
    isActive: (editor) => !isHeading(editor),
  },
  heading(1),
  heading(2),
  heading(3),
]
