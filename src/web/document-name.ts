const maxLength = 255

const adjectives =
  'amber ancient autumn bold brave bright calm clear copper coral crimson dusty early gentle golden green hidden honest indigo ivory kind late little lively lucky mellow misty modest morning mossy northern open pale patient plain polished quick quiet rapid royal rustic silent silver simple slow smooth snowy soft solid spring steady still summer sunny swift tall tidy velvet warm wild winter wise young'
const nouns =
  'anchor bay birch bridge brook canyon cedar cliff cloud coast comet creek delta dune echo ember fern field fjord forest garden glade grove harbor heath hill island lagoon lake lantern leaf ledger maple meadow mill moon notebook oak ocean orchard page paper path pebble pine pond prairie quarry quill rain reef ridge river sail shore sky slope star stone stream summit tide trail valley willow'

/** No vowels and no digits that look like letters: a suffix spells no word and can be read aloud. */
const suffixLetters = '23456789bcdfghjkmnpqrstvwxz'

/** From the browser's cryptographic source: whoever can guess a name can open the document as a guest. */
const strongRandom = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

const pick = <T>(items: ArrayLike<T>, random: () => number): T =>
  items[Math.floor(random() * items.length)] as T

/** A readable name that nobody has used yet, such as `quiet-harbor-7k2m`. */
export const randomDocumentName = (random: () => number = strongRandom): string => {
  const suffix = Array.from({ length: 4 }, () => pick(suffixLetters, random)).join('')
  return `${pick(adjectives.split(' '), random)}-${pick(nouns.split(' '), random)}-${suffix}`
}

/** What a person typed, as a document name that the server accepts; empty when nothing is left. */
export const cleanDocumentName = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, maxLength)

/** The document that a page address names, if it names one. */
export const documentNameIn = (search: string): string | undefined =>
  cleanDocumentName(new URLSearchParams(search).get('doc') ?? '') || undefined

/** The page address of a document, relative to the origin. */
export const documentPath = (documentName: string): string => `/?doc=${encodeURIComponent(documentName)}`
