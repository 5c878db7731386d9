const maxCharacters = 80
/** What no file system takes, or a terminal or a bidirectional text would show as something else. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"/\\|?*]+/gu
/** Devices of Windows, whatever their extension. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i

/** A name for a file of this title, which every system takes as the name of one file and nothing else. */
export const fileNameOf = (title: string, extension: string): string => {
  const words = title.toWellFormed().normalize('NFC').replace(unsafe, ' ').replace(/\s+/gu, ' ')
  const name = Array.from(words)
    .slice(0, maxCharacters)
    .join('')
    .replace(/^[. ]+|[. ]+$/g, '')
  if (name === '') return `document.${extension}`
  return `${reserved.test(name) ? '_' : ''}${name}.${extension}`
}
