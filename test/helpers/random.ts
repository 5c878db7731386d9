/** Park–Miller generator: the same numbers in [0, 1) for the same seed. */
export const seededRandom = (seed: number): (() => number) => {
  let state = (seed % 2_147_483_646) + 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return (state - 1) / 2_147_483_646
  }
}

/** CODRAFT_SEED repeats a run; print the seed in the name of the test. */
export const randomSeed = (): number => Number(process.env['CODRAFT_SEED'] ?? Math.floor(Math.random() * 1e9))
