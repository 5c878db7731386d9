/** All workers, as `codraft work` and the setting WORKERS name them. */
export const workerNames = ['analytics', 'changes', 'email', 'exports', 'in-app', 'mentions', 'push'] as const

export type WorkerName = (typeof workerNames)[number]

const isName = (name: string): name is WorkerName => (workerNames as readonly string[]).includes(name)

/** The workers that a list names: `all`, `none`, or names with commas between; undefined when one is unknown. */
export const parseWorkers = (list: string): WorkerName[] | undefined => {
  if (list === 'all') return [...workerNames]
  if (list === 'none') return []
  const names = list.split(',').map((name) => name.trim())
  return names.every(isName) ? names : undefined
}
