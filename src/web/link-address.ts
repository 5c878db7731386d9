/**
 * What somebody typed as the target of a link: `example.org` becomes `https://example.org`, an e-mail address a
 * `mailto:` link. Undefined for everything that is not a web or mail address, `javascript:` above all.
 */
export const linkAddress = (text: string): string | undefined => {
  const typed = text.trim()
  if (!typed || /\s/.test(typed)) return undefined
  if (/^[^@/:]+@[^@/:]+\.[^@/:]+$/.test(typed)) return `mailto:${typed}`
  const hasScheme = /^[a-z][a-z\d+.-]*:(?!\d)/i.test(typed)
  const address = hasScheme ? typed : `https://${typed}`
  if (!URL.canParse(address)) return undefined
  return /^(https?|mailto):/i.test(address) ? address : undefined
}
