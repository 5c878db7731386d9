import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Order, RunResult } from './generator.ts'
import type { ContenderName } from './lib/contenders.ts'
import { loadAverage } from './lib/proc.ts'
import { scenarioOf, type ScenarioName } from './scenarios/catalogue.ts'

export interface CompareOptions {
  readonly rounds: number
  readonly quick: boolean
  readonly contenders: readonly ContenderName[]
  readonly profileFolder?: string
  /** Called after each run. */
  readonly onRun: (run: FinishedRun) => void
}

export interface FinishedRun extends RunResult {
  readonly scenario: ScenarioName
  readonly contender: ContenderName
  /** From 1. */
  readonly round: number
  /** Load average of the machine at the end. */
  readonly load: number
}

/**
 * Runs a scenario against its contenders in turn (A B C, A B C, …), so that a machine that gets slower in between
 * does so for all of them. Every run has a fresh server, a fresh data folder and a fresh generator.
 */
export const compare = async (scenario: ScenarioName, options: CompareOptions): Promise<FinishedRun[]> => {
  const contenders = scenarioOf(scenario).contenders.filter((name) => options.contenders.includes(name))
  const { quick, profileFolder } = options
  const runs: FinishedRun[] = []
  for (let round = 1; round <= options.rounds; round++) {
    for (const contender of contenders) {
      const order = { scenario, contender, quick, ...(profileFolder && { profileFolder }) }
      const run = { scenario, contender, round, ...(await generate(order)), load: loadAverage() }
      options.onRun(run)
      runs.push(run)
    }
  }
  return runs
}

const timeoutMs = 300_000

const generate = async (order: Order): Promise<RunResult> => {
  const { promise, resolve } = Promise.withResolvers<RunResult>()
  const child = fork(fileURLToPath(new URL('generator.ts', import.meta.url)))
  let result: RunResult | undefined
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    child.kill()
  }, timeoutMs)
  child.once('message', (message) => {
    result = message as RunResult
  })
  child.once('exit', (code) => {
    clearTimeout(timer)
    const reason = timedOut
      ? `no result within ${timeoutMs / 1000} s`
      : `the generator has exited with ${code}`
    resolve(result ?? { figures: {}, failures: [reason] })
  })
  child.send(order)
  return promise
}
