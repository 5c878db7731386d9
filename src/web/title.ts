import { byId } from './dom.ts'
import { cleanDocumentName, documentPath } from './document-name.ts'

/** The name in the header: another name opens another document. */
export const mountTitle = (documentName: string): void => {
  const form = byId('title-form', HTMLFormElement)
  const field = byId('title', HTMLInputElement)
  const hint = byId('title-hint', HTMLElement)
  field.value = documentName
  document.title = `${documentName} · codraft`

  const typed = (): string => cleanDocumentName(field.value)
  const showHint = (): void => {
    hint.hidden = !typed() || typed() === documentName
  }
  const reset = (): void => {
    field.value = documentName
    showHint()
  }

  field.addEventListener('input', showHint)
  field.addEventListener('focus', () => field.select())
  field.addEventListener('blur', reset)
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      reset()
      field.blur()
    }
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const name = typed()
    if (name && name !== documentName) location.assign(documentPath(name))
    else field.blur()
  })
}
