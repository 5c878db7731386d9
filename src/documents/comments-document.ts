/**
 * The comment threads of a document live in a companion document whose name is that of the document with this suffix.
 * Names that end in it are reserved: such a document has no grants of its own, the role on it follows from the role on
 * the main document. Who may comment may write it, whoever may not even comment reads it.
 */
const suffix = '~comments'

/** The name of the document that holds the comments on `documentName`. */
export const commentsDocumentOf = (documentName: string): string => documentName + suffix

/** The document that the comments in `documentName` are about; undefined when it holds no comments. */
export const mainDocumentOf = (documentName: string): string | undefined =>
  documentName.endsWith(suffix) ? documentName.slice(0, -suffix.length) : undefined
