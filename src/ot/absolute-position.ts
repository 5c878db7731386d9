import { createAbsolutePositionFromRelativePosition, createRelativePositionFromJSON, type Doc } from 'yjs'

type Place = NonNullable<ReturnType<typeof createAbsolutePositionFromRelativePosition>>

/** What a client has put into its awareness may be anything. */
export const absolutePosition = (relative: unknown, document: Doc | null): Place | undefined => {
  if (typeof relative !== 'object' || relative === null || !document) return undefined
  try {
    const position = createRelativePositionFromJSON(relative)
    return createAbsolutePositionFromRelativePosition(position, document) ?? undefined
  } catch {
    return undefined
  }
}
