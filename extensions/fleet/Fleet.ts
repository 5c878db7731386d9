import type { ErrorCode } from '../errors.ts'

/** What every instance is to do. */
export type FleetCommand =
  /** Close all connections of a document, with the code of this error, and take it out of memory. */
  | { readonly type: 'close'; readonly documentName: string; readonly errorCode: ErrorCode }
  /** Roles on a document have changed, of one user or of all: read them again for open connections. */
  | { readonly type: 'roles'; readonly documentName: string; readonly userId?: string }
  /** Read again what may have changed outside: keys of the identity provider, for example. */
  | { readonly type: 'reload' }

/** Carries a command out on this instance; the command counts as done here when the promise resolves. */
export type FleetListener = (command: FleetCommand) => void | Promise<void>

/**
 * Commands to all instances of a service, this one included.
 *
 * Contract, checked by `test/conformance/fleet.ts` on every driver:
 * - Every instance that lives carries out each command; one that was cut off does when it is back.
 * - `publish` resolves when every instance that lives has carried it out, or after a few seconds: what it changes
 *   must be in a store before, so that an instance that reads the store later does right without the command.
 * - A listener that fails is reported, and keeps neither the others nor the caller from going on.
 */
export interface Fleet {
  /**
   * Resolves to whether all have confirmed it; never rejects. Where the others cannot be reached it is carried out here,
   * and handed over when they can.
   */
  publish(command: FleetCommand): Promise<boolean>
  /** Returns a function that ends it. */
  onCommand(listener: FleetListener): () => void
  close(): Promise<void>
}
