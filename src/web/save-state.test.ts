import { describe, expect, test } from 'vitest'
import { explain } from './problem.ts'
import {
  calmly,
  holdMs,
  quietMs,
  saveStateOf,
  type SaveFacts,
  type SaveKind,
  type SaveState,
} from './save-state.ts'

const working: SaveFacts = {
  connection: 'connected',
  access: 'write',
  synced: true,
  unsyncedChanges: 0,
  storage: 'ok',
  localCopy: true,
  problem: undefined,
}

const kindOf = (change: Partial<SaveFacts>): SaveKind => saveStateOf({ ...working, ...change }).kind

describe('the state that follows from the facts', () => {
  test('saved only when the server has acknowledged every edit', () => {
    expect(kindOf({})).toBe('saved')
    expect(kindOf({ unsyncedChanges: 1 })).toBe('saving')
  })

  test('never saved before the handshake is complete', () => {
    expect(kindOf({ synced: false })).toBe('connecting')
    expect(kindOf({ access: 'unknown' })).toBe('connecting')
    expect(kindOf({ connection: 'connecting', synced: false })).toBe('connecting')
  })

  test('offline says whether this device keeps the edits', () => {
    expect(saveStateOf({ ...working, connection: 'offline' }).label).toBe(
      'Offline — edits are kept on this device',
    )
    expect(saveStateOf({ ...working, connection: 'offline', localCopy: false }).label).toContain(
      'keep this tab',
    )
  })

  test('a server that cannot store is named while an edit waits, and no longer', () => {
    expect(kindOf({ storage: 'degraded', unsyncedChanges: 2 })).toBe('unstored')
    expect(kindOf({ storage: 'degraded', unsyncedChanges: 2, connection: 'offline' })).toBe('unstored')
    expect(kindOf({ storage: 'degraded' })).toBe('saved')
  })

  test('a viewer sees read only, whatever the counters say', () => {
    expect(kindOf({ access: 'read', unsyncedChanges: 3 })).toBe('readonly')
    expect(kindOf({ access: 'read', unsyncedChanges: 3, storage: 'degraded' })).toBe('readonly')
    expect(kindOf({ access: 'read', connection: 'offline' })).toBe('offline')
  })

  test('a refusal goes before everything, in human words', () => {
    const problem = explain('CODRAFT_DOCUMENT_FORBIDDEN: viewer')
    const state = saveStateOf({ ...working, connection: 'offline', problem })
    expect(state).toEqual({ kind: 'error', label: 'No access to this document' })
  })

  test('a refusal that passes by itself is not an error', () => {
    expect(kindOf({ connection: 'offline', problem: explain('CODRAFT_SERVER_DRAINING') })).toBe('offline')
  })
})

describe('calm display', () => {
  const setup = () => {
    let clock = 0
    let pending: { at: number; callback: () => void } | undefined
    const shown: SaveKind[] = []
    const take = calmly((state) => shown.push(state.kind), {
      now: () => clock,
      after(delayMs, callback) {
        const timer = { at: clock + delayMs, callback }
        pending = timer
        return () => {
          if (pending === timer) pending = undefined
        }
      },
    })
    return {
      shown,
      take: (kind: SaveKind) => take({ kind, label: kind } satisfies SaveState),
      pass: (durationMs: number) => {
        clock += durationMs
        if (!pending || pending.at > clock) return
        const { callback } = pending
        pending = undefined
        callback()
      },
    }
  }

  test('an edit that is saved quickly shows nothing', () => {
    const { shown, take, pass } = setup()
    take('saved')
    for (let edit = 0; edit < 20; edit += 1) {
      take('saving')
      pass(quietMs - 1)
      take('saved')
    }
    pass(holdMs)
    expect(shown).toEqual(['saved'])
  })

  test('many edits in a row do not put off "Saving…"', () => {
    const { shown, take, pass } = setup()
    take('saved')
    for (let edit = 0; edit < 4; edit += 1) {
      take('saving')
      pass(quietMs / 2)
    }
    expect(shown).toEqual(['saved', 'saving'])
  })

  test('"Saving…" stays long enough to be read', () => {
    const { shown, take, pass } = setup()
    take('saving')
    pass(quietMs)
    take('saved')
    expect(shown).toEqual(['saving'])
    pass(holdMs)
    expect(shown).toEqual(['saving', 'saved'])
  })

  test('bad news is shown at once', () => {
    const { shown, take } = setup()
    take('saving')
    take('offline')
    take('unstored')
    take('error')
    expect(shown).toEqual(['offline', 'unstored', 'error'])
  })
})
