import type { HocuspocusProvider } from '@hocuspocus/provider'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startServer, testSecret, type TestServer } from '../helpers/server.ts'
import { openSnippetFolder, snippetOf, type RunningSnippet, type SnippetFolder } from '../helpers/snippets.ts'

const guide = 'docs/guide/embedding.md'

interface Page {
  readonly provider: HocuspocusProvider
  /** What the page has shown, without repetitions. */
  readonly states: string[]
  readonly editable: boolean[]
}

interface Client {
  openDocument(
    name: string,
    view: { setEditable(isEditable: boolean): void; showState(state: string): void },
  ): HocuspocusProvider
}

let server: TestServer
let folder: SnippetFolder
let backEnd: RunningSnippet | undefined
const pages: Page[] = []

beforeEach(async () => {
  folder = await openSnippetFolder()
  const env = {
    AUTH_JWT_ISSUER: 'my-app',
    AUTH_JWT_AUDIENCE: 'codraft',
    AUTH_LEEWAY_SECONDS: '0',
    AUTH_DEADLINE_MS: '2000',
  }
  server = await startServer({ env })
})
afterEach(async () => {
  for (const { provider } of pages.splice(0)) provider.destroy()
  backEnd?.[Symbol.dispose]()
  await server.close()
  await folder[Symbol.asyncDispose]()
})

const startBackEnd = async (lifetime: string, listenAt = '0'): Promise<string> => {
  const env = { PORT: listenAt, AUTH_JWT_SECRET: testSecret, TOKEN_LIFETIME: lifetime }
  const started = await folder.start('back-end.ts', snippetOf(guide, 'back-end'), env)
  backEnd = started
  const port = (): string | undefined => /port: (\d+)/.exec(started.lines.join(' '))?.[1]
  await expect.poll(port).toBeDefined()
  return `http://127.0.0.1:${port()}`
}

/** The client of the guide as the page of the application runs it: addresses are of the back end, and its cookie goes along. */
const openPage = async (backEndUrl: string, session: string, name = 'notes/plan'): Promise<Page> => {
  const browser = `const fetch = (path: string) =>
  globalThis.fetch(${JSON.stringify(backEndUrl)} + path, { headers: { cookie: 'session=${session}' } })\n`
  const file = await folder.write(`${session}.ts`, browser + snippetOf(guide, 'client', server.url))
  const { openDocument } = (await import(file)) as Client
  const states: string[] = []
  const editable: boolean[] = []
  const provider = openDocument(name, {
    setEditable: (isEditable) => void editable.push(isEditable),
    showState: (state) => void (state !== states.at(-1) && states.push(state)),
  })
  const page = { provider, states, editable }
  pages.push(page)
  return page
}

const textOf = ({ provider }: Page) => provider.document.getText('text')

it('an editor edits, a viewer reads and cannot write, and whoever has no role stays out', async () => {
  const url = await startBackEnd('10 minutes')
  const ada = await openPage(url, 'session-1')
  const bob = await openPage(url, 'session-2')
  const stranger = await openPage(url, 'session-3')
  textOf(ada).insert(0, 'by Ada')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  await expect.poll(() => textOf(bob).toJSON()).toBe('by Ada')
  expect([ada.editable, bob.editable]).toEqual([[true], [false]])
  expect(bob.states.at(-1)).toBe('View only')

  textOf(bob).insert(0, 'not ')
  textOf(ada).insert(6, ', twice')
  await expect.poll(() => textOf(bob).toJSON()).toBe('not by Ada, twice')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  expect(textOf(ada).toJSON()).toBe('by Ada, twice')
  expect(bob.provider.hasUnsyncedChanges).toBe(true)
  await expect.poll(() => stranger.states.at(-1)).toMatch(/the back end answers 401/)
  expect(textOf(stranger).toJSON()).toBe('')
})

it('a token that runs out is renewed by the back end, and the connection stays', async () => {
  const ada = await openPage(await startBackEnd('2 seconds'), 'session-1')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  const { length } = ada.states
  const begun = Date.now()
  const tokens = (): number => backEnd?.lines.filter((line) => line === 'a token for ada').length ?? 0
  // By then the first token has expired.
  await expect.poll(() => tokens() > 2 && Date.now() - begun > 2_500).toBe(true)
  textOf(ada).insert(0, 'after it')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  expect(ada.states.slice(length)).not.toContain('Offline')
  expect(ada.editable).not.toContain(false)
})

it('what is typed while the back end is down is saved when it is up again', async () => {
  const url = await startBackEnd('2 seconds')
  const ada = await openPage(url, 'session-1')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  backEnd?.[Symbol.dispose]()
  await expect.poll(() => ada.states.at(-1)).toMatch(/^Failed to get token/)
  textOf(ada).insert(0, 'typed meanwhile')
  await startBackEnd('10 minutes', new URL(url).port)
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  expect(ada.editable.at(-1)).toBe(true)
  const bob = await openPage(url, 'session-2')
  await expect.poll(() => textOf(bob).toJSON()).toBe('typed meanwhile')
})

it('what is shown as saved after a reconnect is on the disk', async () => {
  const url = await startBackEnd('10 minutes')
  const ada = await openPage(url, 'session-1')
  textOf(ada).insert(0, 'before')
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  await server.kill('SIGKILL')
  await expect.poll(() => ada.states.at(-1)).toBe('Offline')
  for (const word of [' one', ' two', ' three']) textOf(ada).insert(textOf(ada).length, word)
  expect(ada.states.at(-1)).toBe('Offline')
  await server.start()
  await expect.poll(() => ada.states.at(-1)).toBe('Saved')
  await server.kill('SIGKILL')
  ada.provider.destroy()
  await server.start()
  const bob = await openPage(url, 'session-2')
  await expect.poll(() => textOf(bob).toJSON()).toBe('before one two three')
})
