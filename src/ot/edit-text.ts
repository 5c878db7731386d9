import type { Text } from 'yjs'
import { readOps } from './read-ops.ts'
import { Sequencer, type Units } from './Sequencer.ts'
import { TextSource } from './TextSource.ts'

/**
 * Applies ops of a JSON client to a text as it is now, in one transaction.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID before anything has been changed
 */
export const editText = (text: Text, ops: unknown, units: Units, origin: unknown): void => {
  const ignore = (): void => undefined
  const sequencer = new Sequencer({
    source: new TextSource(text),
    userIdOf: () => '',
    ticket: () => 0,
    onVersions: ignore,
    onReset: ignore,
  })
  try {
    const { version } = sequencer.log
    sequencer.submit({ version, changes: readOps(ops), units, userId: '', opId: '', origin })
  } finally {
    sequencer.close()
  }
}
