import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { expect } from 'vitest'

const executablePath = process.env['CODRAFT_CHROMIUM'] ?? '/usr/bin/chromium'

/** How long a page may take to reach a state; a machine that runs all tests at once is slow. */
const patience = { timeout: 30_000 }

export const launchChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] })

export interface VisitorOptions extends BrowserContextOptions {
  /** Display name of the guest; a random animal when absent. */
  readonly name?: string
}

/** Somebody with a browser profile of their own. */
export interface Visitor {
  readonly page: Page
  /** Exceptions that nobody caught, in the order they came. */
  readonly errors: readonly string[]
  leave(): Promise<void>
}

export const visit = async (
  browser: Browser,
  url: string,
  options: VisitorOptions = {},
): Promise<Visitor> => {
  const { name, ...contextOptions } = options
  const context = await browser.newContext(contextOptions)
  if (name) {
    const guest = { id: name.toLowerCase().replace(/\W/g, ''), name }
    const saved = JSON.stringify(JSON.stringify(guest))
    await context.addInitScript(`localStorage['codraft.guest'] ??= ${saved}`)
  }
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(url)
  return { page, errors, leave: () => context.close() }
}

/** Waits for a state of the line below the title: saved, saving, offline, readonly, error … */
export const waitForState = (page: Page, state: string): Promise<void> =>
  expect.poll(() => page.locator('#save-state').getAttribute('data-state'), patience).toBe(state)

/** Waits until the server has acknowledged every edit: the line says "Saved", and the exact count behind it is 0. */
export const waitUntilSaved = (page: Page): Promise<unknown> =>
  page.locator('#save-state[data-state="saved"][data-unsaved="0"]').waitFor(patience)

/** The document as HTML, without what the editor adds on the screen: carets, selections, helpers of the cursor. */
export const contentOf = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const copy = document.querySelector('.prose').cloneNode(true)
    for (const added of copy.querySelectorAll('.caret, .ProseMirror-separator, .ProseMirror-trailingBreak')) added.remove()
    for (const wrapper of copy.querySelectorAll('.caret-selection, .selection')) wrapper.replaceWith(...wrapper.childNodes)
    for (const empty of copy.querySelectorAll('[class=""]')) empty.removeAttribute('class')
    return copy.innerHTML
  })()`)

/** Waits until everything typed so far is in the local copy: IndexedDB commits in the order of the requests. */
export const waitForLocalCopy = (page: Page): Promise<void> =>
  page.evaluate(`(async () => {
    const done = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    const [{ name }] = await indexedDB.databases()
    const database = await done(indexedDB.open(name))
    await done(database.transaction('updates', 'readwrite').objectStore('updates').count())
    database.close()
  })()`)

export const waitForContent = (page: Page, expected: string | RegExp): Promise<void> =>
  expect.poll(() => contentOf(page), patience).toMatch(expected)

/** Waits until both pages show the same document, and returns it. */
export const waitForSameContent = async (one: Page, other: Page): Promise<string> => {
  await expect.poll(async () => (await contentOf(one)) === (await contentOf(other)), patience).toBe(true)
  return contentOf(one)
}

/** Puts the caret at the end of the document, with a click on the margin of the sheet, and types. */
export const typeAtEnd = async (page: Page, text: string): Promise<void> => {
  await page.locator('#sheet').click({ position: { x: 8, y: 8 } })
  await page.locator('.prose:focus').waitFor()
  await page.keyboard.type(text)
}

export const clickTool = (page: Page, name: string): Promise<void> =>
  page.locator(`[data-tool="${name}"]`).click()

/** The names of the people that the header shows, oneself first. */
export const peopleAt = async (page: Page): Promise<string[]> => {
  const label = (await page.locator('#people').getAttribute('aria-label')) ?? ''
  return label.replace(/^\d+ here: /, '').split(', ')
}

export const waitForPeople = (page: Page, names: string[]): Promise<void> =>
  expect.poll(() => peopleAt(page), patience).toEqual(names)

export const waitForCaret = (page: Page, name: string): Promise<void> =>
  expect.poll(() => page.locator('.caret-flag').allTextContents(), patience).toContain(name)

const messageType = { stateless: 5, syncStatus: 8 }

/** Stands between page and server, and plays a server whose store fails: no acknowledgement, and the news of it. */
export const interceptStore = async (page: Page, documentName: string) => {
  let isFailing = false
  let held: (string | Buffer)[] = []
  let deliver: (message: string | Buffer) => void = () => undefined

  await page.routeWebSocket(/\/collab$/, (client) => {
    const server = client.connectToServer()
    deliver = (message) => client.send(message)
    server.onMessage((message) => {
      if (isFailing && typeOf(message) === messageType.syncStatus) held.push(message)
      else deliver(message)
    })
  })

  const announce = (state: 'degraded' | 'ok'): void => {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, documentName)
    encoding.writeVarUint(encoder, messageType.stateless)
    encoding.writeVarString(encoder, JSON.stringify({ type: 'durability', state }))
    deliver(Buffer.from(encoding.toUint8Array(encoder)))
  }

  return {
    fail() {
      isFailing = true
      announce('degraded')
    },
    recover() {
      isFailing = false
      announce('ok')
      for (const message of held) deliver(message)
      held = []
    },
  }
}

const typeOf = (message: string | Buffer): number => {
  const decoder = decoding.createDecoder(Buffer.from(message))
  decoding.readVarString(decoder)
  return decoding.readVarUint(decoder)
}
