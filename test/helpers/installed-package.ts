import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

export interface InstalledPackage {
  /** A project that has codraft of npm, and no file of the checkout in reach. */
  readonly folder: string
  /** The package as npm would upload it. */
  readonly tarball: Buffer
  /** The environment of its commands. */
  readonly env: Readonly<Record<string, string>>
  /** Runs a program of the project to its end; resolves to what it prints. */
  run(command: string, ...args: string[]): Promise<string>
}

/** Packs the checkout and installs the result into an empty project in `folder`. */
export const installPackage = async (folder: string): Promise<InstalledPackage> => {
  const packed = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: checkout,
    maxBuffer: 1 << 26,
  })
  const name = /"filename": "([^"]+)"/.exec(packed.stdout)?.[1] as string
  const project = join(folder, 'app')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "type": "module", "private": true }')
  // Of this machine the project sees the programs of the system and this Node, no `.bin` of the checkout.
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await symlink(process.execPath, join(bin, 'node'))
  const env = {
    PATH: [
      bin,
      ...(process.env['PATH'] ?? '').split(':').filter((path) => !path.includes('node_modules')),
    ].join(':'),
    HOME: process.env['HOME'] ?? folder,
  }
  const inProject = async (command: string, ...args: string[]): Promise<string> => {
    const { stdout } = await run(command, args, { cwd: project, env, maxBuffer: 1 << 26 })
    return stdout
  }
  await inProject('npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, name))
  return { folder: project, tarball: await readFile(join(folder, name)), env, run: inProject }
}
