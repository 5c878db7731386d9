import type { FinishedRun } from './compare.ts'
import { contenderNames } from './lib/contenders.ts'
import { median } from './lib/stats.ts'
import { scenarioOf, type ScenarioName } from './scenarios/catalogue.ts'
import { targets, type Condition, type Lookup, type Opponent, type Ratio } from './targets.ts'

type Run = Pick<FinishedRun, 'contender' | 'figures'>

/** Three significant digits. */
export const formatNumber = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))

export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')

const valuesOf = (runs: readonly Run[], contender: string, figure: string): (number | string)[] =>
  runs
    .filter((run) => run.contender === contender)
    .map((run) => run.figures[figure])
    .filter((value) => value !== undefined)

const isNumber = (value: unknown): value is number => typeof value === 'number'

/** `median (lowest–highest)`; texts as they are. */
const spread = (values: readonly (number | string)[]): string => {
  const numbers = values.filter(isNumber)
  const middle = median(numbers)
  if (middle === undefined) return [...new Set(values)].join(', ') || '–'
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)].map(formatNumber)
  return low === high ? formatNumber(middle) : `${formatNumber(middle)} (${low}–${high})`
}

/** Every figure of a scenario, one column for each contender. */
export const scenarioTable = (name: ScenarioName, runs: readonly Run[]): string => {
  const { figures, summary } = scenarioOf(name)
  const contenders = contenderNames.filter((contender) => runs.some((run) => run.contender === contender))
  const rows = figures.map((figure) => [
    figure,
    ...contenders.map((contender) => spread(valuesOf(runs, contender, figure))),
  ])
  return `### ${name}\n\n${summary}\n\n${markdownTable(['', ...contenders], rows)}`
}

export const lookupIn =
  (runs: readonly Run[]): Lookup =>
  (contender, figure, pick = 'median') => {
    const numbers = valuesOf(runs, contender, figure).filter(isNumber)
    return pick === 'median' || numbers.length === 0 ? median(numbers) : Math.max(...numbers)
  }

/** One part of a target: what is shown, and whether it holds; undefined when there is no limit, or no figure. */
interface Verdict {
  readonly text: string
  readonly target?: string
  readonly met?: boolean
}

const judgeRatio = ({ against, figure, label, limit }: Ratio, lookup: Lookup): Verdict => {
  const own = lookup('codraft', figure)
  const other = lookup(against, figure)
  const prefix = label ? `${label} ` : ''
  const target = limit === undefined ? {} : { target: `${prefix}≤ ${limit} of ${against}` }
  if (own === undefined || !other) return { text: `${prefix}–`, ...target }
  const ratio = own / other
  return {
    text: prefix + ratio.toFixed(2),
    ...target,
    ...(limit !== undefined && { met: ratio <= limit }),
  }
}

const judgeCondition = ({ label, figure, unit, pick, limit }: Condition, lookup: Lookup): Verdict => {
  const own = lookup('codraft', figure, pick)
  const bound = limit?.value(lookup)
  return {
    text: own === undefined ? `${label} –` : `${label} ${formatNumber(own)}${unit ? ` ${unit}` : ''}`,
    ...(limit && { target: `${label} ${limit.text}` }),
    ...(own !== undefined && bound !== undefined && { met: own <= bound }),
  }
}

export interface Judgement {
  readonly scenario: ScenarioName
  /** Texts of the ratios, by opponent. */
  readonly ratios: Readonly<Record<Opponent, string>>
  readonly conditions: string
  readonly target: string
  /** Undefined when a part of it was not measured. */
  readonly met: boolean | undefined
}

export const judge = (scenario: ScenarioName, runs: readonly Run[]): Judgement => {
  const lookup = lookupIn(runs)
  const ratios = targets[scenario].ratios.map((ratio) => ({
    against: ratio.against,
    ...judgeRatio(ratio, lookup),
  }))
  const conditions = targets[scenario].conditions.map((condition) => judgeCondition(condition, lookup))
  const demands = [...ratios, ...conditions].filter((verdict) => verdict.target !== undefined)
  const textsOf = (against: Opponent): string =>
    join(ratios.filter((ratio) => ratio.against === against).map(({ text }) => text))
  return {
    scenario,
    ratios: {
      plain: textsOf('plain'),
      'plain-window': textsOf('plain-window'),
      relay: textsOf('relay'),
      'extension-redis': textsOf('extension-redis'),
    },
    conditions: join(conditions.map(({ text }) => text)),
    target: join(demands.map(({ target = '' }) => target)),
    met: demands.some(({ met }) => met === false)
      ? false
      : demands.some(({ met }) => met === undefined)
        ? undefined
        : true,
  }
}

const join = (parts: readonly string[]): string => parts.join('; ') || '–'

export const summaryTable = (judgements: readonly Judgement[]): string =>
  markdownTable(
    [
      'scenario',
      'codraft ÷ plain',
      'codraft ÷ plain, same window',
      'codraft ÷ relay',
      'codraft ÷ extension-redis',
      'and',
      'target',
      'met',
    ],
    judgements.map(({ scenario, ratios, conditions, target, met }) => [
      scenario,
      ratios.plain,
      ratios['plain-window'],
      ratios.relay,
      ratios['extension-redis'],
      conditions,
      target,
      met === undefined ? '–' : met ? 'yes' : '**no**',
    ]),
  )
