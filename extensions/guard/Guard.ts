import type { beforeSyncPayload, Extension } from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import { checkUpdate, defaultGuardLimits, defaultSyncLimits, type GuardLimits } from './check-update.ts'

export interface GuardOptions {
  /** @default defaultGuardLimits */
  readonly updateLimits?: GuardLimits
  /** @default defaultSyncLimits */
  readonly syncLimits?: GuardLimits
}

const syncStep2 = 1
const syncUpdate = 2

/**
 * Refuses harmful updates in a Hocuspocus server of your own. The connection that sent one is closed.
 *
 * An update with a gap passes: Hocuspocus offers an extension no way to ask the client for the missing part. The
 * transport of codraft runs the same check and does ask.
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
