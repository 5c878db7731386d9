import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { CheckReport } from '../../src/doctor/examine.ts'

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

export interface Diagnosis {
  readonly exitCode: number | null
  /** `check: problem`, errors and warnings alike. */
  readonly problems: readonly string[]
  readonly cures: readonly string[]
}

/** Runs `codraft doctor --json`; `shell` is run before it in the same shell. */
export const diagnose = async (
  env: Readonly<Record<string, string>>,
  { nodeFlags = [], shell = 'true' }: { nodeFlags?: readonly string[]; shell?: string } = {},
): Promise<Diagnosis> => {
  const command = ['-c', `${shell}; exec "$0" "$@"`, process.execPath, ...nodeFlags, main, 'doctor', '--json']
  const doctor = spawn('sh', command, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(doctor.stdout), once(doctor, 'exit')])
  const { checks } = JSON.parse(output) as { checks: CheckReport[] }
  const all = checks.flatMap(({ check, findings }) => findings.map((finding) => ({ check, ...finding })))
  return {
    exitCode: doctor.exitCode,
    problems: all.map(({ check, problem }) => `${check}: ${problem}`),
    cures: all.map(({ cure }) => cure),
  }
}
