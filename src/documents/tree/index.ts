export type * from './tree.ts'
export type { TreeLimits } from './limits.ts'
export type { Names } from './names.ts'
export {
  contentFormats,
  formatContent,
  parseContent,
  readContent,
  replaceContent,
  type ContentFormat,
} from './content.ts'
export { editContent, type ContentEdit } from './edit/edit-content.ts'
export { isSafeLink } from './addresses.ts'
export { mergeIntoDocument, type MergeOptions } from './merge/document.ts'
export { readDocument, type DocumentReading, type ReadOptions } from './read/document.ts'
export type { DocumentRoot, EditorKind } from './read/roots.ts'
export { inlineText } from './write/plain.ts'
