import { Command } from 'commander'
import { examine, type CheckReport } from '../doctor/examine.ts'

/** `codraft doctor`: looks for what is wrong with the settings and the services that they name; exit code 1 on errors. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'look for what is wrong with the settings, this machine and the services, and say how to cure it',
    )
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const reports = await examine(process.env)
      const isSick = reports.some(({ findings }) => findings.some(({ severity }) => severity === 'error'))
      const text = json ? JSON.stringify({ checks: reports }, null, 2) : textOf(reports)
      // A service that does not answer must not keep the process.
      process.stdout.write(`${text}\n`, () => process.exit(isSick ? 1 : 0))
    })

const textOf = (reports: readonly CheckReport[]): string =>
  reports
    .flatMap(({ check, findings }) =>
      findings.length === 0
        ? [`ok       ${check}`]
        : findings.map(
            ({ severity, problem, cure }) => `${severity.padEnd(8)} ${check}: ${problem}\n         → ${cure}`,
          ),
    )
    .join('\n')
