import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const root = process.env['CODRAFT_CACHE'] ?? join(homedir(), '.cache/codraft')

const underWay = new Map<string, Promise<string>>()

/**
 * The path of something built once for all checkouts. When it is missing, `build` makes it in an empty folder and
 * says where; it is moved to its place when it is whole.
 */
export const cached = (
  name: string,
  what: string,
  build: (folder: string) => Promise<string>,
): Promise<string> => {
  const building = underWay.get(name) ?? buildOnce(cachePath(name), what, build)
  underWay.set(name, building)
  return building
}

export const cachePath = (name: string): string => join(root, name)

const buildOnce = async (
  path: string,
  what: string,
  build: (folder: string) => Promise<string>,
): Promise<string> => {
  if (existsSync(path)) return path
  const start = performance.now()
  console.log(`codraft: ${what} …`)
  await mkdir(dirname(path), { recursive: true })
  const folder = await mkdtemp(`${path}-`)
  try {
    await rename(await build(folder), path)
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  console.log(`codraft: ${what}: done in ${Math.round((performance.now() - start) / 1_000)} s`)
  return path
}
