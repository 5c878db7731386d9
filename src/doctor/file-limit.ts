import { existsSync, readFileSync } from 'node:fs'
import { problem, type Check } from './Check.ts'

/** Files that a server has open beside its connections. */
const reserve = 500
const limits = '/proc/self/limits'

/** That every connection that MAX_CONNECTIONS admits can be opened. Node.js raises the soft limit to the hard one. */
export const fileLimit: Check = {
  name: 'file limit',
  appliesTo: () => existsSync(limits),
  async run({ maxConnections }) {
    const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync(limits, 'utf8'))?.[1]
    const limit = hard === 'unlimited' ? Infinity : Number(hard)
    if (limit >= maxConnections + reserve) return []
    return [
      problem(
        `a process may open ${limit} files, and MAX_CONNECTIONS is ${maxConnections}`,
        `Raise the limit to ${maxConnections + reserve} or more (LimitNOFILE= of systemd, ulimits of Docker), or lower MAX_CONNECTIONS.`,
      ),
    ]
  },
}
