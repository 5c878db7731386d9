import { CodraftError } from '../../extensions/errors.ts'
import { mainDocumentOf } from './comments-document.ts'

const maxLength = 255

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const forbidden = /[\u0000-\u001f\u007f]/

/**
 * A name has 1 to 255 printable characters; see `comments-document.ts` for the names that end in `~comments`.
 *
 * @throws {CodraftError} CODRAFT_DOCUMENT_NAME_INVALID
 */
export const assertDocumentName = (name: string): void => {
  const main = mainDocumentOf(name) ?? name
  const isCommentOnComment = mainDocumentOf(main) !== undefined
  const isPrintable = main.isWellFormed() && main.trim() !== '' && !forbidden.test(main)
  if (isCommentOnComment || !isPrintable || main.length > maxLength) {
    throw new CodraftError('CODRAFT_DOCUMENT_NAME_INVALID')
  }
}
