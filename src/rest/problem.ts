import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { CodraftError, type ErrorCode } from '../../extensions/errors.ts'

export const problemMediaType = 'application/problem+json'

/** Problem document (RFC 9457). */
export const problemSchema = z
  .object({
    type: z.string().describe('Names the kind of problem; ends in its code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened, in a sentence; never holds content of a document.'),
    code: z.string().describe('One of the codes in docs/reference/errors.md.'),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof problemSchema>

export const problemOf = ({ errorCode, status, message }: CodraftError): Problem => ({
  type: `about:blank#${errorCode}`,
  title: errorCode,
  status,
  detail: message,
  code: errorCode,
})

/** Errors of Fastify that have a code of ours. */
const codes: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'CODRAFT_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'CODRAFT_MEDIA_TYPE_UNSUPPORTED',
}

/** The coded error that a client is told; `cause` is what happened, for the log. */
export const codedError = (error: FastifyError): CodraftError => {
  if (error instanceof CodraftError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [issue] = error.validation
    const place = [error.validationContext, ...(issue?.instancePath.split('/').filter(Boolean) ?? [])].join(
      '.',
    )
    return new CodraftError('CODRAFT_REQUEST_INVALID', `${place}: ${issue?.message}`)
  }
  const code = codes[error.code]
  if (code) return new CodraftError(code)
  if (!isResponseSerializationError(error) && error.statusCode !== undefined && error.statusCode < 500)
    return new CodraftError('CODRAFT_REQUEST_INVALID', error.message)
  return new CodraftError('CODRAFT_INTERNAL', '', { cause: error })
}
