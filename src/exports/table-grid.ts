import type { Table, TableCell } from '../documents/tree/index.ts'

export interface PlacedCell {
  readonly cell: TableCell
  readonly x: number
  readonly y: number
  readonly colspan: number
  readonly rowspan: number
}

/** Columns past which cells are cut off from their width. */
const maxColumns = 200

/** Gives each cell its place, as browsers do: ragged rows stay open, spans never overlap and end with the table. */
export const placeCells = ({ content }: Table): { cells: PlacedCell[]; columns: number; rows: number } => {
  const rows = content.length
  const taken = Array.from({ length: rows }, () => new Set<number>())
  const cells: PlacedCell[] = []
  let columns = 1
  for (const [y, row] of content.entries()) {
    let x = 0
    for (const cell of row.content) {
      while (taken[y]?.has(x)) x++
      const rowspan = Math.min(cell.attrs.rowspan, rows - y)
      let colspan = 1
      const widest = Math.min(cell.attrs.colspan, Math.max(1, maxColumns - x))
      while (colspan < widest && !taken[y]?.has(x + colspan)) colspan++
      for (let down = y; down < y + rowspan; down++) {
        for (let across = x; across < x + colspan; across++) taken[down]?.add(across)
      }
      cells.push({ cell, x, y, colspan, rowspan })
      columns = Math.max(columns, x + colspan)
      x += colspan
    }
  }
  return { cells, columns, rows }
}
