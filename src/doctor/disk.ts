import { access, constants, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { problem, warning, type Check } from './Check.ts'

/** Used part of the disk from which it warns, as the alert does. */
const warnAt = 0.8
const failAt = 0.95

/** That the data folder can be written and its disk has room. */
export const disk: Check = {
  name: 'disk',
  appliesTo: () => true,
  async run({ dataDir }) {
    const folder = await existingFolder(resolve(dataDir))
    const isWritable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    )
    if (!isWritable)
      return [
        problem(
          `${folder} cannot be written`,
          'Give it to the user that runs codraft, or set CODRAFT_DATA_DIR.',
        ),
      ]
    const { bavail, bfree, blocks } = await statfs(folder)
    const used = blocks - bfree
    const usedPart = used / Math.max(1, used + bavail)
    if (usedPart < warnAt) return []
    return [
      (usedPart < failAt ? warning : problem)(
        `the disk of ${folder} is ${Math.round(usedPart * 100)} % full: on a full disk no edit is acknowledged`,
        'Make room, or move CODRAFT_DATA_DIR to a larger disk.',
      ),
    ]
  },
}

/** The folder, or before the first start the one that it will be made in. */
const existingFolder = async (folder: string): Promise<string> => {
  const exists = await access(folder).then(
    () => true,
    () => false,
  )
  return exists || folder === dirname(folder) ? folder : existingFolder(dirname(folder))
}
