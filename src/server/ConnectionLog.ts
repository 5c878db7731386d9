import type { connectedPayload, Extension } from '@hocuspocus/server'
import { identityOf } from '../../extensions/auth/index.ts'
import type { Logger } from '../logger.ts'

/** Logs, at the level `debug`, which connection opens and leaves which document, and whose it is. */
export class ConnectionLog implements Extension {
  readonly extensionName = 'ConnectionLog'
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  async connected({ connection, documentName, socketId }: connectedPayload): Promise<void> {
    if (!this.#logger.isLevelEnabled('debug') || !connection.document.hasConnection(connection)) return
    const { context, readOnly } = connection
    const about = { connection: socketId, document: documentName, userId: identityOf(context)?.userId }
    this.#logger.debug({ ...about, readOnly }, 'document opened')
    connection.onClose(() => this.#logger.debug(about, 'document left'))
  }
}
