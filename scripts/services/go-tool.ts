import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cached, cachePath } from './cache.ts'
import { findCommand, run } from './command.ts'

/** A program built from a Go module. */
export interface GoTool {
  /** With the version, so that a new one is built beside the old. */
  readonly path: string
  install(): Promise<void>
}

/** `package` is the import path of its main package. */
export const goTool = (name: string, source: { package: string; version: string }): GoTool => {
  const file = `${name}-${source.version}`
  return {
    path: cachePath(file),
    async install() {
      await cached(file, `building ${name} ${source.version}`, async (folder) => {
        const go = findCommand('go')
        if (go === undefined) throw new Error(`${name} needs Go: install Go 1.21 or newer`)
        const args = ['install', '-ldflags=-s -w', `${source.package}@${source.version}`]
        await run(go, args, { GOBIN: folder })
        const [binary = ''] = await readdir(folder)
        return join(folder, binary)
      })
    },
  }
}
