import { join } from 'node:path'
import { inspectDatabase, type DatabaseState } from '../store/inspect-database.ts'
import { problem, warning, type Check, type Finding } from './Check.ts'

/** That every database can be reached, has the tables of this version, and stands in its place. */
export const database: Check = {
  name: 'database',
  appliesTo: () => true,
  async run({ databases, readDatabases, dataDir }) {
    const urls = databases.length > 0 ? databases : [`sqlite:${join(dataDir, 'store.sqlite')}`]
    const states = await Promise.all(urls.map(inspectDatabase))
    await Promise.all(readDatabases.map(inspectDatabase))
    return states.flatMap((state, position) => findingsOf(state, position, urls.length))
  },
}

const findingsOf = (
  { pending, unknown, shard }: DatabaseState,
  position: number,
  total: number,
): Finding[] => {
  const which = total === 1 ? 'the database' : `database ${position + 1} of ${total} in DATABASE_URL`
  const findings: Finding[] = []
  if (unknown.length > 0)
    findings.push(
      problem(
        `${which} was changed by a newer version (${unknown.join(', ')})`,
        'Install that version of codraft again, or a newer one.',
      ),
    )
  if (pending.length > 0)
    findings.push(
      warning(
        `${which} lacks ${pending.join(', ')}`,
        'Start this version once: it brings the tables up to date before it serves.',
      ),
    )
  if (shard && (shard.position !== position || shard.total !== total))
    findings.push(
      problem(
        `${which} was set up as ${shard.position + 1} of ${shard.total}`,
        'Keep the number and the order of the databases in DATABASE_URL.',
      ),
    )
  return findings
}
