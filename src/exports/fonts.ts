import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { PrintMeta } from './PrintDocument.ts'

const { resolve } = createRequire(import.meta.url)

/** What the packages are found by; fonts are found from there. */
const places: readonly (readonly [entry: string, ...fonts: string[]])[] = [
  [
    resolve('@expo-google-fonts/noto-sans/package.json'),
    '../400Regular/NotoSans_400Regular.ttf',
    '../400Regular_Italic/NotoSans_400Regular_Italic.ttf',
    '../700Bold/NotoSans_700Bold.ttf',
    '../700Bold_Italic/NotoSans_700Bold_Italic.ttf',
  ],
  [
    resolve('@expo-google-fonts/noto-sans-mono/package.json'),
    '../400Regular/NotoSansMono_400Regular.ttf',
    '../700Bold/NotoSansMono_700Bold.ttf',
  ],
  [
    resolve('@expo-google-fonts/noto-sans-symbols-2/package.json'),
    '../400Regular/NotoSansSymbols2_400Regular.ttf',
  ],
  [
    resolve('@expo-google-fonts/noto-color-emoji/package.json'),
    '../400Regular/NotoColorEmoji_400Regular.ttf',
  ],
  [
    resolve('@embedpdf/fonts-arabic'),
    '../../fonts/NotoNaskhArabic-Regular.ttf',
    '../../fonts/NotoNaskhArabic-Bold.ttf',
  ],
  [
    resolve('@embedpdf/fonts-hebrew'),
    '../../fonts/NotoSansHebrew-Regular.ttf',
    '../../fonts/NotoSansHebrew-Bold.ttf',
  ],
  [resolve('@embedpdf/fonts-jp'), '../../fonts/NotoSansJP-Regular.otf', '../../fonts/NotoSansJP-Bold.otf'],
  [resolve('@embedpdf/fonts-kr'), '../../fonts/NotoSansKR-Regular.otf', '../../fonts/NotoSansKR-Bold.otf'],
  [
    resolve('@embedpdf/fonts-sc'),
    '../../fonts/NotoSansHans-Regular.otf',
    '../../fonts/NotoSansHans-Bold.otf',
  ],
  [
    resolve('@embedpdf/fonts-tc'),
    '../../fonts/NotoSansHant-Regular.otf',
    '../../fonts/NotoSansHant-Bold.otf',
  ],
]

/** Paths of the fonts, all from npm packages, so that every host has the same. */
export const fontPaths = (): string[] =>
  places.flatMap(([entry, ...fonts]) => fonts.map((font) => join(entry, font)))

const eastAsianFamilies = {
  sc: 'Noto Sans S Chinese',
  tc: 'Noto Sans T Chinese',
  jp: 'Noto Sans Japanese',
  kr: 'Noto Sans Korean',
} as const

/** The families in the order in which they are tried for each letter. */
export const fontFamilies = ({ eastAsian }: PrintMeta): { body: string[]; mono: string[] } => {
  const first = eastAsianFamilies[eastAsian]
  const others = Object.values(eastAsianFamilies).filter((family) => family !== first)
  const fallbacks = [
    'Noto Naskh Arabic',
    'Noto Sans Hebrew',
    first,
    ...others,
    'Noto Color Emoji',
    'Noto Sans Symbols 2',
  ]
  return { body: ['Noto Sans', ...fallbacks], mono: ['Noto Sans Mono', 'Noto Sans', ...fallbacks] }
}
