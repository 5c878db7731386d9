export interface Pacer {
  readonly calls: number
  /** How far the calls have fallen behind at worst, ms. */
  lateMs: number
  stop(): void
}

/** Calls `call(i)` for each i below `count`, each of them `rate` times a second, evenly spread. */
export const pace = (count: number, rate: number, call: (index: number) => void): Pacer => {
  const gapMs = 1000 / (count * rate)
  const start = performance.now()
  let timer: NodeJS.Timeout | undefined
  let calls = 0
  const pacer = {
    get calls() {
      return calls
    },
    lateMs: 0,
    stop: () => clearTimeout(timer),
  }
  const tick = (): void => {
    for (;;) {
      const late = performance.now() - (start + calls * gapMs)
      if (late < 0) {
        timer = setTimeout(tick, -late)
        return
      }
      pacer.lateMs = Math.max(pacer.lateMs, late)
      call(calls++ % count)
    }
  }
  tick()
  return pacer
}
