// `npm run bench:exports`: how fast PDF and DOCX are made in one child process, and what memory it takes; beside them the
// time headless Chromium takes to print the same HTML, where CODRAFT_CHROMIUM or /usr/bin/chromium is there.
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { chromium } from 'playwright-core'
import { parseContent, type DocumentTree } from '../src/documents/tree/index.ts'
import { exportDocument, RenderPool, type ExportFormat } from '../src/exports/index.ts'

/** About three and a third A4 pages: headings, text with marks, lists, a table, a listing, a quote. */
const chapter = (number: number): string => {
  const sentence =
    'The quick brown fox **jumps** over the *lazy* dog, [as told](https://example.com/), in `code` and text. '
  const paragraphs = Array.from({ length: 9 }, (_, index) => sentence.repeat(5 + (index % 3))).join('\n\n')
  const items = Array.from(
    { length: 8 },
    (_, index) => `${index + 1}. Item ${index}\n   - nested ${index}`,
  ).join('\n')
  const rows = Array.from(
    { length: 12 },
    (_, index) => `| Row ${index} | ${index * 7} | مرحبا ${index} |`,
  ).join('\n')
  return `# Chapter ${number}\n\n${paragraphs}\n\n## Lists\n\n${items}\n\n- [x] done\n- [ ] open\n\n## A table\n\n| Name | Number | Text |\n| --- | ---: | --- |\n${rows}\n\n\`\`\`js\nconst chapter = ${number}\n\`\`\`\n\n> ${sentence}`
}

/** Each document says something else: the typesetter remembers what it has set before. */
const documentOf = (chapters: number, round: number): DocumentTree =>
  parseContent(
    'md',
    Array.from({ length: chapters }, (_, index) => chapter(index + 1))
      .join('\n\n')
      .replaceAll(/quick|brown|jumps|lazy|Item|nested|Row/g, (word) => `${word}${round}`),
  )

const ticksPerSecond = 100

/** CPU time of a process so far, s. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Highest resident memory of a process so far, MiB; 0 when it has ended. */
const peakOf = (pid: number): number => {
  try {
    const [, peak = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(peak) / 1024
  } catch {
    return 0
  }
}

interface Measurement {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakMiB: number
  readonly bytes: number
}

const render = (pool: RenderPool, format: ExportFormat, tree: DocumentTree) =>
  exportDocument(
    { tree, names: {} },
    format,
    { title: 'Benchmark' },
    { pool, fetchImage: () => Promise.resolve(undefined) },
  )

/** In one child that is never replaced. */
const measureSpeed = async (
  format: ExportFormat,
  trees: readonly DocumentTree[],
): Promise<Omit<Measurement, 'peakMiB'>> => {
  const [first, second, ...others] = trees
  const rounds = others.length
  const pool = new RenderPool({ recycleAfter: rounds + 10, recycleAtBytes: 2 ** 40 })
  try {
    if (first) await render(pool, format, first)
    if (second) await render(pool, format, second)
    const [pid] = pool.pids
    if (pid === undefined) throw new Error('the child ended')
    const cpuBefore = cpuOf(pid)
    const startedAt = performance.now()
    let bytes = 0
    for (const tree of others) bytes = (await render(pool, format, tree)).bytes.length
    const wallMs = (performance.now() - startedAt) / rounds
    return { wallMs, cpuMs: ((cpuOf(pid) - cpuBefore) * 1000) / rounds, bytes }
  } finally {
    await pool.close()
  }
}

/** Highest memory of any child of a pool as it is used, MiB. */
const measureMemory = async (format: ExportFormat, trees: readonly DocumentTree[]): Promise<number> => {
  const pool = new RenderPool()
  let peakMiB = 0
  const timer = setInterval(() => {
    for (const pid of pool.pids) peakMiB = Math.max(peakMiB, peakOf(pid))
  }, 10)
  try {
    for (const tree of trees) await render(pool, format, tree)
    return peakMiB
  } finally {
    clearInterval(timer)
    await pool.close()
  }
}

const chromiumPath = process.env['CODRAFT_CHROMIUM'] ?? '/usr/bin/chromium'

const measureChromium = async (
  tree: DocumentTree,
  rounds: number,
): Promise<Omit<Measurement, 'cpuMs' | 'peakMiB'>> => {
  const pool = new RenderPool()
  const { bytes: html } = await exportDocument(
    { tree, names: {} },
    'html',
    {},
    { pool, fetchImage: () => Promise.resolve(undefined) },
  )
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    let bytes = 0
    const print = async (): Promise<void> => {
      await page.setContent(new TextDecoder().decode(html))
      bytes = (await page.pdf({ format: 'A4', tagged: true, outline: true })).length
    }
    await print()
    const startedAt = performance.now()
    for (let round = 0; round < rounds; round++) await print()
    return { wallMs: (performance.now() - startedAt) / rounds, bytes }
  } finally {
    await browser.close()
  }
}

const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(' | ')} |`)
const perSecond = (ms: number): string => (1000 / ms).toFixed(1)

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}. Speed of one child process, warm, in its CPU; memory with children replaced as they are in use.\n`,
)
row(['Document', 'Renderer', 'files/s', 'wall ms', 'CPU ms', 'files/CPU-s', 'child peak MiB', 'KiB'])
row(Array.from({ length: 8 }, () => '---'))
for (const { name, chapters, rounds } of [
  { name: '10 pages', chapters: 3, rounds: 40 },
  { name: '200 pages', chapters: 60, rounds: 3 },
]) {
  const trees = Array.from({ length: rounds + 2 }, (_, round) => documentOf(chapters, round))
  for (const format of ['pdf', 'docx'] as const) {
    const { wallMs, cpuMs, bytes } = await measureSpeed(format, trees)
    const peakMiB = await measureMemory(format, trees)
    const figures = [
      perSecond(wallMs),
      wallMs.toFixed(0),
      cpuMs.toFixed(0),
      perSecond(cpuMs),
      peakMiB.toFixed(0),
    ]
    row([name, format, ...figures, Math.round(bytes / 1024)])
  }
  if (existsSync(chromiumPath)) {
    const { wallMs, bytes } = await measureChromium(trees[0] as DocumentTree, Math.min(rounds, 5))
    row([
      name,
      'Chromium (PDF)',
      perSecond(wallMs),
      wallMs.toFixed(0),
      '–',
      '–',
      '–',
      Math.round(bytes / 1024),
    ])
  }
}
