import type { connectedPayload, Extension } from '@hocuspocus/server'
import type { AuthContext } from '../../extensions/auth/index.ts'
import type { Logger } from '../logger.ts'
import type { Store } from '../store/Store.ts'
import { deleteUser, putUsers, type UserRow } from '../store/users.ts'
import { BackgroundWriter } from './BackgroundWriter.ts'
import type { Erasable } from './Eraser.ts'

/** Who has been noted lately is not noted again, unless the name or address is another one. */
const refreshMs = 24 * 3_600_000
const maxRemembered = 100_000

/**
 * Remembers name and e-mail address of users, as their tokens say, so that lists of people show more than ids and a
 * notification finds its way. Written in the background.
 */
export class KnownUsers implements Erasable {
  readonly #store: Store
  readonly #writer: BackgroundWriter<UserRow>
  readonly #noted = new Map<string, UserRow>()

  constructor(store: Store, logger: Logger) {
    this.#store = store
    this.#writer = new BackgroundWriter<UserRow>({
      store: { of: (userId) => store.ofUser(userId) },
      documentOf: ({ id }) => id,
      write: putUsers,
      onDropped: (users, error) => logger.error({ err: error, users }, 'names of users could not be written'),
    })
  }

  /** Notes who opens a document over sockets. */
  get extension(): Extension {
    return {
      extensionName: 'KnownUsers',
      connected: async ({ context }: connectedPayload) => {
        const { user } = context as Partial<AuthContext>
        if (user) this.note(user)
      },
    }
  }

  /** Of a document nothing is kept here. */
  async erase(): Promise<void> {}

  async eraseUser(userId: string): Promise<void> {
    this.#noted.delete(userId)
    this.#writer.remove(userId)
    await this.#writer.flush()
    await deleteUser(this.#store.ofUser(userId), userId)
  }

  /** Writes what waits, as far as the database can be reached. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  /** Notes what a token says about its user. */
  note({ id, ...said }: AuthContext['user']): void {
    const [name, email] = [said.name ?? null, said.email ?? null]
    const before = this.#noted.get(id)
    const seenAt = Date.now()
    const isKnown = before?.name === name && before.email === email && seenAt - before.seenAt < refreshMs
    if (isKnown) return
    if (this.#noted.size >= maxRemembered) this.#noted.clear()
    const user = { id, name, email, seenAt }
    this.#noted.set(id, user)
    this.#writer.put(id, user)
  }
}
