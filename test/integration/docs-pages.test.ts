import { globSync, readFileSync } from 'node:fs'
import { Window } from 'happy-dom'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const open = async (path: string) => {
  const response = await fetch(server.url + path)
  const window = new Window({ url: server.url + path })
  window.document.write(await response.text())
  return { status: response.status, document: window.document }
}

it('serves every page, and no link between them is dead, anchors included', async () => {
  const start = await open('/docs')
  expect(start.status).toBe(200)
  const paths = [
    '/docs',
    ...Array.from(start.document.querySelectorAll('nav a'), (a) => a.getAttribute('href')!),
  ]
  const files = globSync('docs/{guide,reference,adr}/*.md').map((file) => `/${file.replace(/\.md$/, '')}`)
  expect(new Set(paths)).toEqual(new Set(['/docs', ...files]))

  const pages = new Map(
    await Promise.all([...new Set(paths)].map(async (path) => [path, await open(path)] as const)),
  )
  const dead: string[] = []
  for (const [path, { status, document }] of pages) {
    expect(status).toBe(200)
    expect(document.querySelector('main h1'), path).not.toBeNull()
    expect(document.querySelector('main')!.textContent).not.toContain('<!--')
    for (const link of document.querySelectorAll('main a[href]')) {
      const url = new URL(link.getAttribute('href')!, server.url + path)
      if (url.origin !== new URL(server.url).origin || !url.pathname.startsWith('/docs')) continue
      const target = pages.get(url.pathname)?.document
      if (!target || (url.hash !== '' && !target.getElementById(decodeURIComponent(url.hash.slice(1)))))
        dead.push(`${path} -> ${url.pathname}${url.hash}`)
    }
  }
  expect(dead).toEqual([])
})

it('every relative link of a Markdown file leads to a file', () => {
  const dead: string[] = []
  for (const file of ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/**/*.md')]) {
    const text = readFileSync(file, 'utf8').replaceAll(/```[^]*?```|`[^`\n]*`/g, '')
    for (const [, href = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:|^#/i.test(href)) continue
      const target = new URL(href.split('#')[0]!, new URL(file, 'file:///')).pathname.slice(1)
      if (globSync(target).length === 0) dead.push(`${file} -> ${href}`)
    }
  }
  expect(dead).toEqual([])
})

it('serves nothing beside them', async () => {
  for (const path of [
    '/docs/guide/nothing',
    '/docs/..%2F..%2Fpackage/json',
    '/docs/guide/%2e%2e%2f%2e%2e%2fREADME',
  ])
    expect((await fetch(server.url + path)).status).toBe(404)
})
