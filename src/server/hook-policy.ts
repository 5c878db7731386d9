import type { Extension, HookName } from '@hocuspocus/server'

/**
 * Hooks whose failure has no one to go to: Hocuspocus does not await them, or awaits them in a function whose own promise
 * nobody awaits, so a rejection would end the process. Their errors are logged, and the other extensions still run.
 */
export const containedHooks: ReadonlySet<HookName> = new Set<HookName>([
  'onConfigure',
  'onRequest',
  'onUpgrade',
  'onChange',
  'onStateless',
  'beforeBroadcastStateless',
  'onAwarenessUpdate',
  'onDisconnect',
  'afterUnloadDocument',
  // Runs after the store has succeeded: its failure must not store again.
  'afterStoreDocument',
  // Awaited, but an extension that fails to close must not keep the others from closing.
  'onDestroy',
])

/** Contained hooks that end in a rejection all the same, for a caller that has to know. */
export const reportingHooks: ReadonlySet<HookName> = new Set<HookName>(['onDestroy'])

/** Hooks by which an extension answers a request itself and then rejects with nothing, to keep others from answering. */
export const answeringHooks: ReadonlySet<HookName> = new Set<HookName>(['onRequest', 'onUpgrade'])

/** Hocuspocus' ways to end a chain of hooks on purpose: nothing, an error without a message, SkipFurtherHooksError. */
export const isStop = (error: unknown): boolean => {
  if (!error) return true
  if (typeof error !== 'object') return false
  return !('message' in error && error.message) || isSkip(error)
}

/** By name: an extension may carry its own copy of the class. */
export const isSkip = (error: unknown): boolean =>
  error instanceof Error && error.name === 'SkipFurtherHooksError'

export interface CompiledHook {
  readonly extension: Extension
  readonly extensionName: string
  readonly run: (payload: unknown) => unknown
}

/** The extensions that have the hook, in their order. */
export const compileHooks = (extensions: readonly Extension[], name: HookName): readonly CompiledHook[] =>
  extensions.flatMap((extension) => {
    const run = extension[name]
    if (typeof run !== 'function') return []
    const extensionName = extension.extensionName ?? extension.constructor.name
    return [{ extension, extensionName, run: run as CompiledHook['run'] }]
  })
