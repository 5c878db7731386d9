/** Many pieces in one buffer: a message to a thread costs by the piece. */
export interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Where each piece ends. */
  readonly ends: readonly number[]
}

export const pack = (pieces: readonly Uint8Array[]): Packed => {
  let end = 0
  const ends = pieces.map(({ length }) => (end += length))
  const bytes = new Uint8Array(end)
  for (const [index, piece] of pieces.entries()) bytes.set(piece, (ends[index] as number) - piece.length)
  return { bytes, ends }
}

/** The pieces are views of the one buffer. */
export const unpack = ({ bytes, ends }: Packed): Uint8Array[] =>
  ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
