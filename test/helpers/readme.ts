import { readFileSync } from 'node:fs'

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

/** The code of a snippet of README.md, as it stands there but for the server's address. */
export const readmeSnippet = (name: string, socketUrl: string): string => {
  const code = new RegExp(`<!-- snippet: ${name} -->\\n\`\`\`ts\\n([^]*?)\`\`\``).exec(readme)?.[1]
  if (code === undefined) throw new Error(`README.md has no snippet ${name}`)
  return code.replaceAll('ws://127.0.0.1:8080', socketUrl)
}

/** The code of all snippets of a guide in one language, in their order. */
export const guideSnippets = (guide: string, language = 'sh'): { name: string; code: string }[] => {
  const text = readFileSync(new URL(`../../docs/guide/${guide}.md`, import.meta.url), 'utf8')
  const found = text.matchAll(
    new RegExp(`<!-- snippet: ([\\w-]+) -->\\n\`\`\`${language}\\n([^]*?)\`\`\``, 'g'),
  )
  return Array.from(found, ([, name, code]) => ({ name: name as string, code: code as string }))
}
