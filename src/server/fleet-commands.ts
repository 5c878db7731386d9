import type { Hocuspocus } from '@hocuspocus/server'
import { CodraftError } from '../../extensions/errors.ts'
import type { FleetListener } from '../../extensions/fleet/index.ts'
import { closeDocument } from '../documents/close-document.ts'
import type { Erasable } from '../documents/Eraser.ts'

/** What this instance does when a document is closed everywhere; other commands have listeners of their own. */
export const closeOnCommand =
  (hocuspocus: Hocuspocus): FleetListener =>
  async (command) => {
    if (command.type !== 'close') return
    await closeDocument(hocuspocus, command.documentName, new CodraftError(command.errorCode))
  }

/** An erased document also leaves what this instance keeps for itself, wherever the erasure was asked for. */
export const eraseOnCommand =
  (part: Erasable): FleetListener =>
  async (command) => {
    if (command.type === 'close' && command.errorCode === 'CODRAFT_DOCUMENT_ERASED')
      await part.erase(command.documentName)
  }
