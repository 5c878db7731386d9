import { assertKnownHocuspocus } from '../transport/hocuspocus-internals.ts'
import { problem, type Check } from './Check.ts'

const oldest = [24, 12] as const

/** Node.js and Hocuspocus. */
export const versions: Check = {
  name: 'versions',
  appliesTo: () => true,
  async run() {
    assertKnownHocuspocus()
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
    if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return []
    return [problem(`Node.js is ${process.version}`, `Install Node.js ${oldest.join('.')} or newer.`)]
  },
}
