import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { cpuMs, machineTicks } from './proc.ts'

export interface WindowFigures {
  /** CPU time of the server, ms. */
  readonly cpuMs: number
  /** Cores that the server, the generator and everything else on the machine kept busy. */
  readonly serverCores: number
  readonly genCores: number
  readonly otherCores: number
  readonly genLoopP99ms: number
}

interface Load {
  readonly serverCores: number
  readonly genCores: number
  readonly busyCores: number
  readonly genLoopP99ms: number
}

/** What the server and the generator use from construction on; the event loop delay is that of the generator. */
export class MeasuringWindow {
  readonly #serverPid: number
  readonly #loop = monitorEventLoopDelay({ resolution: 5 })
  readonly #start = performance.now()
  readonly #cpuMs: number
  readonly #own = process.cpuUsage()
  readonly #machine = machineTicks()
  #load: Load | undefined

  constructor(serverPid: number) {
    this.#serverPid = serverPid
    this.#loop.enable()
    this.#cpuMs = cpuMs(serverPid)
  }

  /** Ends the loaded part: shares of cores refer to it, while the CPU time of the server counts up to `stop`. */
  mark(): Load {
    const wallMs = performance.now() - this.#start
    const own = process.cpuUsage(this.#own)
    const machine = machineTicks()
    const total = machine.total - this.#machine.total || 1
    this.#loop.disable()
    this.#load = {
      serverCores: (cpuMs(this.#serverPid) - this.#cpuMs) / wallMs,
      genCores: (own.user + own.system) / 1000 / wallMs,
      busyCores: (1 - (machine.idle - this.#machine.idle) / total) * availableParallelism(),
      genLoopP99ms: this.#loop.percentile(99) / 1e6,
    }
    return this.#load
  }

  stop(): WindowFigures {
    const { serverCores, genCores, busyCores, genLoopP99ms } = this.#load ?? this.mark()
    return {
      cpuMs: cpuMs(this.#serverPid) - this.#cpuMs,
      serverCores,
      genCores,
      otherCores: Math.max(0, busyCores - serverCores - genCores),
      genLoopP99ms,
    }
  }
}
