interface Item {
  /** Where it would like to be, CSS pixels. */
  readonly wanted: number
  readonly height: number
}

/**
 * Places items one below the other, each as near as possible to where it would like to be. The item at `fixed` has its
 * place; the others give way.
 */
export const stack = (items: readonly Item[], gap: number, fixed = 0): number[] => {
  const tops = items.map(({ wanted }) => Math.max(0, wanted))
  const place = (index: number): Item => items[index] as Item
  for (let index = fixed + 1; index < items.length; index += 1) {
    const above = (tops[index - 1] ?? 0) + place(index - 1).height + gap
    tops[index] = Math.max(tops[index] ?? 0, above)
  }
  for (let index = Math.min(fixed, items.length) - 1; index >= 0; index -= 1) {
    const below = (tops[index + 1] ?? 0) - gap - place(index).height
    tops[index] = Math.min(tops[index] ?? 0, below)
  }
  return tops
}
