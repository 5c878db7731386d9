import { CollaborativeDocument, type ConnectOptions } from './CollaborativeDocument.ts'

export { CollaborativeDocument, type ConnectOptions, type Events } from './CollaborativeDocument.ts'
export { textOf, transformPosition, type Attributes, type Op, type Ops } from './delta.ts'

/** Opens a document on a codraft server, without Yjs; returns at once, see {@link CollaborativeDocument.whenOnline}. */
export const connect = (options: ConnectOptions): CollaborativeDocument => new CollaborativeDocument(options)
export type { Cursor, User } from './People.ts'
export { difference } from './difference.ts'
