import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** USER_HZ: the unit of times in /proc, the same on every Linux that Node runs on. */
const msPerTick = 10

/** The fields of /proc/PID/stat from the state on; undefined when the process has gone. */
const statOf = (pid: number): string[] | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

export const isAlive = (pid: number): boolean => {
  const stat = statOf(pid)
  return stat !== undefined && stat[0] !== 'Z'
}

/** A process and all its descendants. */
export const processTree = (root: number): number[] => {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined
    if (!stat) continue
    const parent = Number(stat[1])
    const siblings = children.get(parent)
    if (siblings) siblings.push(Number(name))
    else children.set(parent, [Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

/** CPU time that a process tree has used so far (utime + stime, also of children that have ended), ms. */
export const cpuMs = (root: number): number => {
  const ticks = processTree(root).flatMap((pid) => statOf(pid)?.slice(11, 15).map(Number) ?? [])
  return ticks.reduce((sum, each) => sum + each, 0) * msPerTick
}

/** Resident memory of a process tree, MB. */
export const rssMb = (root: number): number => {
  let kb = 0
  for (const pid of processTree(root)) {
    try {
      kb += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
    } catch {
      // It has ended since it was listed.
    }
  }
  return kb / 1024
}

/** Resident memory once it has stayed within 1 % for 4 s, after `minSeconds` at least and `maxSeconds` at most, MB. */
export const settledRssMb = async (root: number, minSeconds = 6, maxSeconds = 20): Promise<number> => {
  const samples: number[] = []
  for (let second = 1; second <= maxSeconds; second++) {
    await sleep(1000)
    samples.push(rssMb(root))
    const last = samples.slice(-4)
    const low = Math.min(...last)
    if (second >= minSeconds && last.length === 4 && Math.max(...last) - low < 0.01 * low) break
  }
  return samples.at(-1) ?? NaN
}

export interface MachineTicks {
  readonly total: number
  readonly idle: number
}

/** Ticks of all cores since boot. */
export const machineTicks = (): MachineTicks => {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1)
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { total: ticks.reduce((sum, each) => sum + each, 0), idle: (ticks[3] ?? 0) + (ticks[4] ?? 0) }
}

/** Load average of the last minute. */
export const loadAverage = (): number => Number(readFileSync('/proc/loadavg', 'latin1').split(' ', 1)[0])
