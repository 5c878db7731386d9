import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a command to its end; resolves to what it printed. Rejects with its error output. */
export const run = async (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  user?: { readonly uid: number; readonly gid: number },
): Promise<string> => {
  try {
    const { stdout } = await execute(command, args, {
      env: { ...process.env, ...env },
      ...user,
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n')
    throw new Error(`"${[command, ...args].join(' ')}" failed:\n${output}`, { cause: error })
  }
}

/** Whether a command succeeds. */
export const succeeds = async (command: string, args: readonly string[]): Promise<boolean> => {
  try {
    await execute(command, args)
    return true
  } catch {
    return false
  }
}

/** Path of a command; undefined when it is not installed. */
export const findCommand = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/go/bin']
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
