import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Restartable } from './Service.ts'

export interface ServiceProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** User and group to run as. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** File of its output since its last start. */
  readonly log: string
  /** Asked again and again; true once it serves. */
  readonly isReady: () => Promise<boolean>
  /** Signal of an orderly stop. @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals
}

const startTimeoutMs = 90_000
const stopTimeoutMs = 30_000
const pollMs = 50

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** One process of a service; its output goes to a file, so that it never waits for a reader. */
export class ServiceProcess implements Restartable {
  readonly #options: ServiceProcessOptions
  #child: ChildProcess | undefined

  private constructor(options: ServiceProcessOptions) {
    this.#options = options
  }

  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const service = new ServiceProcess(options)
    await service.start()
    return service
  }

  async start(): Promise<void> {
    const { command, args, env, user, log, isReady } = this.#options
    const output = openSync(log, 'w')
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      ...user,
    })
    closeSync(output)
    running.add(child)
    child.once('exit', () => running.delete(child))
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = error
      running.delete(child)
    })
    this.#child = child
    const end = performance.now() + startTimeoutMs
    while (!(await isReady())) {
      if (failure) throw failure
      if (hasEnded(child)) throw new Error(`${command} ended by itself:\n${this.#lastOutput}`)
      if (performance.now() > end) {
        await this.kill()
        throw new Error(`${command} is not ready after ${startTimeoutMs} ms:\n${this.#lastOutput}`)
      }
      await delay(pollMs)
    }
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), stopTimeoutMs)
    await this.#end(this.#options.stopSignal ?? 'SIGTERM')
    clearTimeout(timer)
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || hasEnded(child)) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  get #lastOutput(): string {
    return readFileSync(this.#options.log, 'utf8').trim().split('\n').slice(-20).join('\n')
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
