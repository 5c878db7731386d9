import { CodraftError } from '../../extensions/errors.ts'

const maxLength = 255

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const forbidden = /[\u0000-\u001f\u007f]/

/** @throws {CodraftError} CODRAFT_DOCUMENT_NAME_INVALID */
export const assertDocumentName = (name: string): void => {
  if (name.trim() === '' || name.length > maxLength || forbidden.test(name)) {
    throw new CodraftError('CODRAFT_DOCUMENT_NAME_INVALID')
  }
}
