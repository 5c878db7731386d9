import { z } from 'zod'
import { problemMediaType, problemSchema } from './problem.ts'

export const documentParams = z.object({
  name: z.string().min(1).max(255).describe('Document name, percent-encoded, slashes included.'),
})

const problem = (description: string) => ({
  description,
  content: { [problemMediaType]: { schema: problemSchema } },
})

/** What any route of a document may answer besides success. */
export const documentProblems = {
  400: problem('The request is malformed.'),
  401: problem('The access token is missing, expired or invalid.'),
  403: problem('The role on this document does not suffice.'),
  404: problem('There is no such document.'),
  410: problem('The document was erased.'),
  429: problem('Too many requests; see Retry-After.'),
  503: problem('A store is away for the moment; nothing was changed, or see the code.'),
} as const

/** What routes with a body may answer besides. */
export const bodyProblems = {
  ...documentProblems,
  413: problem('The body is too large.'),
  415: problem('The media type of the body is not one of these.'),
} as const
