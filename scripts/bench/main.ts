import { appendFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { compare, type FinishedRun } from './compare.ts'
import { contenderNames, isContenderName, type ContenderName } from './lib/contenders.ts'
import { judge, scenarioTable, summaryTable, type Judgement } from './report.ts'
import { isScenarioName, scenarioNames, type ScenarioName } from './scenarios/catalogue.ts'

interface Options {
  readonly scenarios: readonly ScenarioName[]
  readonly servers: readonly ContenderName[]
  readonly rounds?: number
  readonly quick: boolean
  readonly strict: boolean
  readonly out?: string
  readonly profile?: string
}

const listOf =
  <T extends string>(isMember: (text: string) => text is T, members: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((item) => {
      if (!isMember(item)) throw new InvalidArgumentError(`Choose from: ${members.join(', ')}.`)
      return item
    })

const positive = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number above 0.')
  return value
}

const program = new Command('bench')
  .description('Measures codraft side by side with plain Hocuspocus and a bare relay, and prints Markdown.')
  .option(
    '--scenarios <list>',
    `comma-separated: ${scenarioNames.join(', ')}`,
    listOf(isScenarioName, scenarioNames),
    [...scenarioNames],
  )
  .option(
    '--servers <list>',
    `comma-separated: ${contenderNames.join(', ')}`,
    listOf(isContenderName, contenderNames),
    [...contenderNames],
  )
  .option(
    '--rounds <number>',
    'alternating rounds; figures are medians (default 3, with --quick 1)',
    positive,
  )
  .option('--quick', 'short windows, for development: the figures are rough', false)
  .option('--strict', 'exit with 1 when a target is missed', false)
  .option('--out <file>', 'append every run to this file, one JSON object a line')
  .option('--profile <folder>', 'write CPU profiles of the servers to this folder; costs some speed')

const run = async (options: Options): Promise<number> => {
  const { quick, strict, out, profile, rounds = quick ? 1 : 3 } = options
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? 'unknown CPU'}`,
  )
  console.log(
    `Medians of ${rounds} alternating round(s)${quick ? ', quick: shorter and smaller than described' : ''}.`,
  )
  const invalid: FinishedRun[] = []
  const onRun = (run: FinishedRun): void => {
    if (run.failures.length > 0) invalid.push(run)
    console.error(describe(run))
    if (run.logs) console.error(run.logs)
    if (out) appendFileSync(out, `${JSON.stringify(run)}\n`)
  }
  const judgements: Judgement[] = []
  for (const scenario of options.scenarios) {
    const runs = await compare(scenario, {
      rounds,
      quick,
      contenders: options.servers,
      onRun,
      ...(profile && { profileFolder: resolve(profile) }),
    })
    const valid = runs.filter(({ failures }) => failures.length === 0)
    if (valid.length === 0) continue
    console.log(`\n${scenarioTable(scenario, valid)}`)
    judgements.push(judge(scenario, valid))
  }
  console.log(`\n### Summary\n\n${summaryTable(judgements)}`)
  if (invalid.length > 0) {
    console.log(`\nInvalid runs, left out above:\n${invalid.map((run) => `- ${describe(run)}`).join('\n')}`)
    return 1
  }
  return strict && judgements.some(({ met }) => met === false) ? 1 : 0
}

/** A generator that needs nearly a core of its own no longer tells the server's speed from its own. */
const busyGenerator = 0.9

const describe = ({ scenario, contender, round, load, failures, figures }: FinishedRun): string => {
  const { genCores } = figures
  const bound = typeof genCores === 'number' && genCores > busyGenerator ? ', generator at its limit' : ''
  const verdict = failures.length === 0 ? `ok${bound}` : `INVALID: ${failures.join('; ')}`
  return `${scenario}, ${contender}, round ${round} (load ${load}): ${verdict}`
}

process.exitCode = await run(program.parse().opts<Options>())
