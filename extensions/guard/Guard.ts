import type { beforeSyncPayload, Extension } from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import { checkUpdate } from './check-update.ts'
import { defaultGuardLimits, defaultSyncLimits, type GuardLimits } from './limits.ts'

export interface GuardOptions {
  /** @default defaultGuardLimits */
  readonly updateLimits?: GuardLimits
  /** @default defaultSyncLimits */
  readonly syncLimits?: GuardLimits
}

const syncStep2 = 1
const syncUpdate = 2

/**
 * Refuses harmful updates in a Hocuspocus server of your own: the connection that sent one is closed with the reason.
 *
 * An update that builds on something the document lacks passes. Yjs keeps it aside until the missing part arrives, at the
 * latest when the client connects anew; to refuse it would cut off a client that did nothing wrong. (The transport of
 * codraft does not apply it and asks for the missing part, which an extension cannot do without closing the connection.)
 */
export class Guard implements Extension {
  readonly extensionName = 'Guard'
  readonly priority = 950
  readonly #options: Required<GuardOptions>

  constructor(options: GuardOptions = {}) {
    this.#options = { updateLimits: defaultGuardLimits, syncLimits: defaultSyncLimits, ...options }
  }

  /** @throws {CodraftError} CODRAFT_UPDATE_REJECTED */
  async beforeSync({ type, payload, document }: beforeSyncPayload): Promise<void> {
    if (type !== syncStep2 && type !== syncUpdate) return
    const limits = type === syncStep2 ? this.#options.syncLimits : this.#options.updateLimits
    const verdict = checkUpdate(document, payload, limits)
    if (!verdict.ok && verdict.action === 'reject')
      throw new CodraftError('CODRAFT_UPDATE_REJECTED', verdict.reason)
  }
}
