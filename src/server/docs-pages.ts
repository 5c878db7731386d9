import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import type { FastifyInstance } from 'fastify'
import MarkdownIt from 'markdown-it'
import { CodraftError } from '../../extensions/errors.ts'
import { packageFolder } from '../package-folder.ts'

const folders = ['docs/guide', 'docs/reference', 'docs/adr'] as const
const headings: Readonly<Record<string, string>> = {
  'docs/guide': 'Guides',
  'docs/reference': 'Reference',
  'docs/adr': 'Decisions',
}

interface DocsPage {
  /** Path of the file in the package. */
  readonly file: string
  readonly path: string
  readonly title: string
}

const readText = (file: string): string => readFileSync(join(packageFolder, file), 'utf8')

const titleOf = (file: string): string => /^# (.+)$/m.exec(readText(file))?.[1] ?? file

/** As README.md lists them; those that it does not name come last. */
const inOrderOfReading = (one: string, other: string): number => {
  const readme = readText('README.md')
  const placeOf = (file: string): number => {
    const place = readme.lastIndexOf(`(${file})`)
    return place < 0 ? readme.length : place
  }
  return placeOf(one) - placeOf(other)
}

const pagesIn = (folder: string): DocsPage[] =>
  readdirSync(join(packageFolder, folder))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${folder}/${name}`)
    .sort(inOrderOfReading)
    .map((file) => ({ file, path: `/${file.replace(/\.md$/, '')}`, title: titleOf(file) }))

/** `/docs`: README.md and the Markdown below `docs`, as pages. They are read when somebody asks for one. */
export const addDocsPages = (app: FastifyInstance): void => {
  app.get('/docs', (_request, reply) => reply.type('text/html').send(render('README.md')))
  app.get<{ Params: { folder: string; name: string } }>('/docs/:folder/:name', (request, reply) => {
    const { folder, name } = request.params
    const page = folders.flatMap(pagesIn).find(({ path }) => path === `/docs/${folder}/${name}`)
    if (!page) throw new CodraftError('CODRAFT_NOT_FOUND')
    return reply.type('text/html').send(render(page.file))
  })
}

/** As on the pages that host the source: lower case, words joined by hyphens. */
const anchorOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')

/** Where a link of a file leads; undefined when the page of it is not served here. */
const targetOf = (file: string, href: string): string | undefined => {
  if (/^[a-z]+:|^#|^\//i.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const target = posix.normalize(posix.join(dirname(file), path))
  const hash = anchor === undefined ? '' : `#${anchor}`
  if (target === 'README.md') return `/docs${hash}`
  const isServed = folders.some((folder) => dirname(target) === folder) && target.endsWith('.md')
  return isServed ? `/${target.replace(/\.md$/, '')}${hash}` : undefined
}

const render = (file: string): string => {
  const markdown = new MarkdownIt({ html: false, linkify: false })
  markdown.core.ruler.push('docs', ({ tokens }) => {
    tokens.forEach((token, index) => {
      if (token.type === 'heading_open') token.attrSet('id', anchorOf(tokens[index + 1]?.content ?? ''))
      for (const child of token.children ?? []) {
        const href = child.type === 'link_open' ? (child.attrGet('href') as string | null) : null
        if (href === null) continue
        const target = targetOf(file, href)
        if (target === undefined) child.attrs = []
        else child.attrSet('href', target)
      }
      // Pictures are not part of the package.
      token.children = token.children?.filter(({ type }) => type !== 'image') ?? null
    })
  })
  const text = readText(file).replaceAll(/<!--[^]*?-->\n?/g, '')
  return page(titleOf(file), markdown.render(text), file)
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const navigation = (current: string): string => {
  const link = (path: string, title: string, file: string): string =>
    `<li><a href="${path}"${file === current ? ' aria-current="page"' : ''}>${escape(title)}</a></li>`
  const lists = folders.map((folder) => {
    const items = pagesIn(folder).map(({ path, title, file }) => link(path, title, file))
    return `<h2>${headings[folder] ?? ''}</h2><ul>${items.join('')}</ul>`
  })
  return `<nav><ul>${link('/docs', 'codraft', 'README.md')}</ul>${lists.join('')}</nav>`
}

const page = (title: string, body: string, file: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="/favicon.svg">
<style>
:root { color-scheme: light dark; --ink: #1c211e; --soft: #68706b; --desk: #f3f1eb; --paper: #fffefb; --line: #e1ddd3; --accent: #0b6e5f; --wash: #f1efe8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e7e0; --soft: #929b95; --desk: #131614; --paper: #1b1f1d; --line: #2b312e; --accent: #6fcdb8; --wash: #252a28 } }
body { margin: 0; display: grid; grid-template-columns: 260px minmax(0, 1fr); background: var(--desk); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
nav { position: sticky; top: 0; align-self: start; box-sizing: border-box; height: 100dvh; overflow: auto; padding: 24px 16px 24px 24px; font-size: 14px }
nav h2 { margin: 20px 0 4px; color: var(--soft); font-size: 12px; font-weight: 600 }
nav ul { margin: 0; padding: 0; list-style: none }
nav a { display: block; padding: 3px 0; color: inherit; text-decoration: none }
nav a[aria-current] { color: var(--accent); font-weight: 600 }
main { min-height: 100dvh; box-sizing: border-box; padding: 24px clamp(16px, 5vw, 64px) 80px; border-left: 1px solid var(--line); background: var(--paper) }
main > * { max-width: 760px }
a { color: var(--accent) }
h1, h2, h3 { line-height: 1.25 }
pre, code { border-radius: 5px; background: var(--wash); font: 14px/1.5 ui-monospace, Menlo, Consolas, monospace }
code { padding: 1px 4px }
pre { padding: 14px; overflow: auto }
pre code { padding: 0 }
table { display: block; max-width: 100%; overflow: auto; border-collapse: collapse; font-size: 14px }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
@media (width < 800px) { body { display: block } nav { position: static; height: auto; max-height: 40dvh } main { border: 0 } }
</style>
</head>
<body>${navigation(file)}<main>${body}</main></body>
</html>
`
