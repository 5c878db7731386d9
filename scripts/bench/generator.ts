/**
 * One run of one scenario against one contender, in a process of its own: every contender meets a generator that
 * is equally fresh. Takes its order and gives its result as messages of the parent process.
 */
import type { ContenderName } from './lib/contenders.ts'
import { Run, type Figures, type RunOptions } from './lib/Run.ts'
import { scenarioOf, type ScenarioName } from './scenarios/catalogue.ts'

export interface Order {
  readonly scenario: ScenarioName
  readonly contender: ContenderName
  readonly quick: boolean
  readonly profileFolder?: string
}

export interface RunResult {
  readonly figures: Figures
  /** Why the run is invalid; empty when it is valid. */
  readonly failures: readonly string[]
  /** What the servers of an invalid run have printed. */
  readonly logs?: string
}

const execute = async (order: Order): Promise<RunResult> => {
  const { scenario: name, ...rest } = order
  const scenario = scenarioOf(name)
  const run = new Run({ ...rest, windowMs: scenario.windowMs } satisfies RunOptions)
  process.once('exit', () => run.killNow())
  let figures: Figures = {}
  try {
    figures = await scenario.run(run)
  } catch (error) {
    run.fail(error instanceof Error ? error.message : String(error))
  }
  const { failures } = run
  const result = { figures: known(figures), failures, ...(failures.length > 0 && { logs: run.logs }) }
  await run.dispose()
  return result
}

/** Without what could not be measured, such as acknowledgements of a server that sends none. */
const known = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value)))

// The parent has given up, or has gone: leave no server behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.once('disconnect', () => process.exit(1))

process.once('message', (order: Order) => {
  void execute(order).then((result) => process.send?.(result, () => process.exit(0)))
})
