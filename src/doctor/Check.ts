import { CodraftError, errorCatalogue } from '../../extensions/errors.ts'
import type { Config } from '../config.ts'

export interface Finding {
  /** An `error` breaks a promise or will; a `warning` does so under some circumstances. */
  readonly severity: 'error' | 'warning'
  /** What was seen, in one sentence; holds no secret. */
  readonly problem: string
  readonly cure: string
}

/** One thing that `codraft doctor` looks at. It changes nothing that stays. */
export interface Check {
  readonly name: string
  /** False when the settings use nothing of what it looks at. */
  appliesTo(config: Config): boolean
  /** What is wrong; nothing when all is well. A CodraftError that it throws is a finding, too. */
  run(config: Config): Promise<readonly Finding[]>
}

export const problem = (text: string, cure: string): Finding => ({ severity: 'error', problem: text, cure })

export const warning = (text: string, cure: string): Finding => ({ severity: 'warning', problem: text, cure })

/** A failure as a finding: coded errors know their cure. */
export const findingOf = (error: unknown): Finding =>
  error instanceof CodraftError
    ? problem(error.message, errorCatalogue[error.errorCode].cure)
    : problem(error instanceof Error ? error.message : String(error), 'See the message.')
