import type { Message } from './Line.ts'

export interface User {
  readonly userId: string
  readonly userName?: string
  readonly color?: string
}

export interface Cursor {
  readonly userId: string
  readonly position: number
  readonly anchor: number
}

/** Who else is in a document, and where. */
export class People {
  readonly users = new Map<string, User>()
  /** By client id. */
  readonly cursors = new Map<number, Cursor>()

  /** Takes a message about people, with `place` from a position of the server to one here. Returns whether it was one. */
  received(message: Message, place: (position: number) => number): boolean {
    const { users, cursors } = this
    const { type, userId, clientId, position, anchor } = message as unknown as User & {
      readonly type: string
      readonly clientId: number
      readonly position: number | null
      readonly anchor?: number
    }
    if (type === 'active_users') {
      users.clear()
      cursors.clear()
      for (const user of message['users'] as User[]) users.set(user.userId, user)
    } else if (type === 'user_joined') users.set(userId, message as unknown as User)
    else if (type === 'user_left') {
      users.delete(userId)
      for (const [id, cursor] of cursors) if (cursor.userId === userId) cursors.delete(id)
    } else if (type === 'remote_cursor' && position === null) cursors.delete(clientId)
    else if (type === 'remote_cursor') {
      const head = position as number
      cursors.set(clientId, { userId, position: place(head), anchor: place(anchor ?? head) })
    } else return false
    return true
  }

  /** Moves the cursors with a change of the content. */
  moved(move: (position: number) => number): void {
    for (const [id, cursor] of this.cursors) {
      this.cursors.set(id, { ...cursor, position: move(cursor.position), anchor: move(cursor.anchor) })
    }
  }
}
