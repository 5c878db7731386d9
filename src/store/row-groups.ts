/** Databases limit the parameters of a statement: rows, or names, in one. */
const rowsAtOnce = 500

/** The same in groups that one statement can take. */
export const inGroups = <Row>(rows: readonly Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / rowsAtOnce) }, (_, index) =>
    rows.slice(index * rowsAtOnce, (index + 1) * rowsAtOnce),
  )
