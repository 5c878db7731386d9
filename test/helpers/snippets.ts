import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** A block of code in a Markdown page that `<!-- snippet: NAME -->` stands before. */
export interface Snippet {
  readonly name: string
  readonly language: string
  readonly code: string
}

/** All snippets of a page such as README.md or docs/guide/rest.md, in their order. */
export const snippetsOf = (page: string): Snippet[] => {
  const text = readFileSync(join(checkout, page), 'utf8')
  const found = text.matchAll(/<!-- snippet: ([\w./-]+) -->\n```(\w+)\n([^]*?)```/g)
  return Array.from(found, ([, name = '', language = '', code = '']) => ({ name, language, code }))
}

/** The code of one snippet, as it stands there but for the address of the server. */
export const snippetOf = (page: string, name: string, serverUrl = 'http://127.0.0.1:8080'): string => {
  const found = snippetsOf(page).find((snippet) => snippet.name === name)
  if (!found) throw new Error(`${page} has no snippet ${name}`)
  return found.code.replaceAll('127.0.0.1:8080', new URL(serverUrl).host)
}

type Environment = Readonly<Record<string, string>>

/** A program that runs in a process of its own. */
export interface RunningSnippet extends Disposable {
  /** Grows with what it prints. */
  readonly lines: readonly string[]
}

export interface SnippetFolder extends AsyncDisposable {
  readonly path: string
  /** Writes a file, with the folders that its name has, and returns its path. */
  write(name: string, code: string): Promise<string>
  /** Runs commands in the folder to their end, with `npx codraft` of the checkout, and returns what they print. */
  shell(code: string, env?: Environment): Promise<string>
  /** Runs a program to its end and returns what it prints. */
  node(name: string, code: string, env?: Environment): Promise<string>
  /** Starts a program that goes on until it is disposed of. */
  start(name: string, code: string, env?: Environment): Promise<RunningSnippet>
}

/**
 * A folder of its own for the files of an application that follows a page. It is inside the package, so that its
 * programs find `codraft` and the packages of editors as those of an application do.
 */
export const openSnippetFolder = async (): Promise<SnippetFolder> => {
  const results = join(checkout, 'test-results')
  await mkdir(results, { recursive: true })
  const path = await mkdtemp(join(results, 'snippets-'))
  const options = (env: Environment = {}) => ({
    cwd: path,
    env: { ...process.env, ...env },
    timeout: 120_000,
  })
  const flags = ['-C', 'codraft-source']
  const write = async (name: string, code: string): Promise<string> => {
    const file = join(path, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, code)
    return file
  }
  return {
    path,
    write,
    async shell(code, env) {
      return (await run('bash', ['-euo', 'pipefail', '-c', code], options(env))).stdout
    },
    async node(name, code, env) {
      return (await run(process.execPath, [...flags, await write(name, code)], options(env))).stdout
    },
    async start(name, code, env) {
      const child = spawn(process.execPath, [...flags, await write(name, code)], {
        ...options(env),
        timeout: 0,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines: string[] = []
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
      return { lines, [Symbol.dispose]: () => void child.kill('SIGKILL') }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}
