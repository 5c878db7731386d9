import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { usePages } from './page-opener.ts'
import {
  clickTool,
  contentOf,
  interceptStore,
  typeAtEnd,
  waitForCaret,
  waitForContent,
  waitForLocalCopy,
  waitForPeople,
  waitForSameContent,
  waitForState,
  waitUntilSaved,
  type VisitorOptions,
} from './pages.ts'

const openPage = usePages()
let server: TestServer
let documents = 0

beforeAll(async () => {
  // Without a secret of its own the server issues guest tokens to the page.
  server = await startServer({ env: { AUTH_JWT_SECRET: undefined } })
})

afterAll(async () => {
  await server?.close()
})

const newDocument = (): string => `browser-${Date.now().toString(36)}-${(documents += 1)}`

const open = (address: string, options?: VisitorOptions, at = server) =>
  openPage(`${at.url}${address}`, options)

const openSaved = async (documentName: string, options?: VisitorOptions) => {
  const page = await open(`/?doc=${documentName}`, options)
  await waitUntilSaved(page)
  return page
}

describe('two people in one document', () => {
  test('see each other’s text, name and caret, and that it is saved', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName, { name: 'Ada Lindqvist' })
    const sam = await openSaved(documentName, { name: 'Sam Okafor' })

    await typeAtEnd(ada, 'Ada was here.')
    await waitForContent(sam, 'Ada was here.')
    await typeAtEnd(sam, '\nSam too.')
    await waitForContent(ada, 'Sam too.')

    expect(await waitForSameContent(ada, sam)).toBe('<p>Ada was here.</p><p>Sam too.</p>')
    await waitForPeople(ada, ['Ada Lindqvist (you)', 'Sam Okafor'])
    await waitForPeople(sam, ['Sam Okafor (you)', 'Ada Lindqvist'])
    await waitForCaret(ada, 'Sam Okafor')
    await waitForCaret(sam, 'Ada Lindqvist')
    await waitUntilSaved(ada)
    await waitUntilSaved(sam)
  })

  test('type at the same time and end with the same text', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    const sam = await openSaved(documentName)
    await typeAtEnd(ada, 'Start. ')
    await waitForContent(sam, 'Start.')

    await Promise.all([typeAtEnd(ada, 'a'.repeat(40)), typeAtEnd(sam, 'b'.repeat(40))])

    const content = await waitForSameContent(ada, sam)
    expect(content.replace(/[^ab]/g, '').match(/a/g)?.length).toBeGreaterThanOrEqual(40)
    expect(content.match(/b/g)).toHaveLength(40)
  })

  test('a changed name reaches the other, on the avatar and on the caret', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName, { name: 'Ada' })
    const sam = await openSaved(documentName, { name: 'Sam' })
    await typeAtEnd(sam, 'x')
    await waitForCaret(ada, 'Sam')

    await sam.locator('#people').click()
    await sam.locator('#own-name').fill('Samuel Okafor')
    await sam.locator('#own-name').press('Enter')

    await waitForPeople(ada, ['Ada (you)', 'Samuel Okafor'])
    await typeAtEnd(sam, 'y')
    await waitForCaret(ada, 'Samuel Okafor')
  })

  test('several tabs of one person count once', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName, { name: 'Ada' })
    const secondTab = await ada.context().newPage()
    await secondTab.goto(ada.url())
    await waitUntilSaved(secondTab)
    const sam = await openSaved(documentName, { name: 'Sam' })
    await waitForPeople(sam, ['Sam (you)', 'Ada'])
    await waitForPeople(secondTab, ['Ada (you)', 'Sam'])
  })

  test('formatting reaches the other', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    const sam = await openSaved(documentName)
    await typeAtEnd(ada, 'Title')
    await clickTool(ada, 'style')
    await ada.locator('[data-style="heading-2"]').click()
    await typeAtEnd(ada, '\nplain ')
    await clickTool(ada, 'bold')
    await ada.keyboard.type('strong')
    await expect.poll(() => ada.locator('[data-tool="bold"]').getAttribute('aria-pressed')).toBe('true')
    await clickTool(ada, 'bold')
    await ada.keyboard.press('Enter')
    await clickTool(ada, 'bulletList')
    await ada.keyboard.type('point')

    const expected = '<h2>Title</h2><p>plain <strong>strong</strong></p><ul><li><p>point</p></li></ul>'
    await expect.poll(() => contentOf(sam)).toBe(expected)
  })

  test('undo takes back one’s own edits, never those of the other', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    const sam = await openSaved(documentName)
    await typeAtEnd(sam, 'Sam stays. ')
    await waitForContent(ada, 'Sam stays.')
    await typeAtEnd(ada, 'Ada goes. ')
    await waitForContent(sam, 'Ada goes.')

    await clickTool(ada, 'undo')
    await expect.poll(() => contentOf(sam)).toBe('<p>Sam stays. </p>')
    expect(await sam.locator('[data-tool="redo"]').getAttribute('aria-disabled')).toBe('true')
    await clickTool(ada, 'redo')
    await expect.poll(() => contentOf(sam)).toBe('<p>Sam stays. Ada goes. </p>')
  })
})

describe('without a connection', () => {
  test('edits of both sides are merged and saved when the network is back', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    const sam = await openSaved(documentName)
    await typeAtEnd(ada, 'Together. ')
    await waitForContent(sam, 'Together.')

    await ada.context().setOffline(true)
    await waitForState(ada, 'offline')
    await typeAtEnd(ada, 'Ada offline. ')
    await typeAtEnd(sam, 'Sam online. ')
    await waitUntilSaved(sam)
    expect(await ada.locator('#save-text').textContent()).toContain('kept on this device')
    expect(await contentOf(sam)).not.toContain('Ada offline.')

    await ada.context().setOffline(false)
    await waitForContent(sam, 'Ada offline.')
    await waitForContent(ada, 'Sam online.')
    await waitForSameContent(ada, sam)
    await waitUntilSaved(ada)
  })

  test('the text survives the death of the server and a reload while it is down', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    const sam = await openSaved(documentName)
    await typeAtEnd(ada, 'Acknowledged. ')
    await waitUntilSaved(ada)
    await waitForContent(sam, 'Acknowledged.')
    await ada.evaluate('navigator.serviceWorker.ready.then(() => undefined)')

    await server.kill('SIGKILL')
    await waitForState(ada, 'offline')
    await typeAtEnd(ada, 'Unsent. ')
    await waitForLocalCopy(ada)
    await ada.reload()
    await waitForContent(ada, 'Acknowledged. Unsent.')
    await waitForState(ada, 'offline')
    await typeAtEnd(ada, 'More. ')

    await server.start()
    await waitForContent(sam, 'Acknowledged. Unsent. More.')
    await waitUntilSaved(ada)
  })

  test('what was shown as saved is there after kill -9, for somebody who was never here', async () => {
    const documentName = newDocument()
    const ada = await openSaved(documentName)
    await typeAtEnd(ada, 'Durable.')
    await waitUntilSaved(ada)
    await ada.context().close()
    await server.restart('SIGKILL')
    await waitForContent(await openSaved(documentName), 'Durable.')
  })
})

describe('tokens of an application', () => {
  let strict: TestServer
  beforeAll(async () => {
    strict = await startServer()
  })
  afterAll(() => strict?.close())

  const openWithToken = async (documentName: string, role: 'editor' | 'viewer', name: string) => {
    const token = await testToken(name.toLowerCase(), { name, documents: { [documentName]: role } })
    return open(`/?doc=${documentName}&token=${token}`, {}, strict)
  }

  test('a viewer reads along and cannot write', async () => {
    const documentName = newDocument()
    const editor = await openWithToken(documentName, 'editor', 'Edith')
    await waitUntilSaved(editor)
    const viewer = await openWithToken(documentName, 'viewer', 'Vera')
    await waitForState(viewer, 'readonly')

    await typeAtEnd(editor, 'For your eyes only.')
    await waitForContent(viewer, 'For your eyes only.')
    expect(await viewer.locator('.prose').getAttribute('contenteditable')).toBe('false')
    expect(await viewer.locator('#toolbar').isVisible()).toBe(false)
    await viewer.locator('.prose').click()
    await viewer.keyboard.type('Let me in!')
    await waitForPeople(editor, ['Edith (you)', 'Vera'])
    expect(await contentOf(editor)).toBe('<p>For your eyes only.</p>')
  })

  test('the token leaves the address and survives a reload', async () => {
    const documentName = newDocument()
    const page = await openWithToken(documentName, 'editor', 'Edith')
    await waitUntilSaved(page)
    expect(page.url()).toBe(`${strict.url}/?doc=${documentName}`)
    await page.reload()
    await waitUntilSaved(page)
  })

  test('a document of others is refused in plain words', async () => {
    const token = await testToken('fred', { documents: { 'another-document': 'editor' } })
    const page = await open(`/?doc=${newDocument()}&token=${token}`, {}, strict)
    await waitForState(page, 'error')
    expect(await page.locator('#notice').innerText()).toContain('No access to this document')
    expect(await page.locator('#sheet').isVisible()).toBe(false)
  })

  test('a page without a token says where tokens come from', async () => {
    const page = await open('/', {}, strict)
    await waitForState(page, 'error')
    expect(await page.locator('#notice').innerText()).toContain('token from your application')
  })
})

describe('trouble on the server', () => {
  test('a server that cannot store is named, and “Saved” waits for it', async () => {
    const documentName = newDocument()
    const page = await openPage('about:blank')
    const store = await interceptStore(page, documentName)
    await page.goto(`${server.url}/?doc=${documentName}`)
    await waitUntilSaved(page)

    store.fail()
    await typeAtEnd(page, 'Is this safe?')
    await waitForState(page, 'unstored')
    expect(await page.locator('#save-text').textContent()).toBe(
      'Not saved yet — the server cannot store at the moment',
    )

    store.recover()
    await waitUntilSaved(page)
  })

  test('a token is renewed before it expires, without a word', async () => {
    const strict = await startServer()
    try {
      const documentName = newDocument()
      const page = await openPage('about:blank')
      let grants = 0
      await page.route('**/api/dev/token', async (route) => {
        grants += 1
        const ttlSeconds = 3
        const token = await testToken('gwen', { name: 'Gwen', ttlSeconds })
        const expiresAt = Math.floor(Date.now() / 1000) + ttlSeconds
        await route.fulfill({ json: { token, expiresAt, user: { id: 'gwen', name: 'Gwen' } } })
      })
      await page.goto(`${strict.url}/?doc=${documentName}`)
      await waitUntilSaved(page)
      const before = grants
      await expect.poll(() => grants, { timeout: 20_000 }).toBeGreaterThan(before + 2)
      await typeAtEnd(page, 'Still here.')
      await waitUntilSaved(page)
      expect(await page.locator('#notice').isVisible()).toBe(false)
    } finally {
      await strict.close()
    }
  })

  test('a session that ends leaves the text on the screen and says what to do', async () => {
    const strict = await startServer()
    try {
      const token = await testToken('edith', { ttlSeconds: 4 })
      const page = await open(`/?doc=${newDocument()}&token=${token}`, {}, strict)
      await waitUntilSaved(page)
      await typeAtEnd(page, 'Half a sen')
      await waitForState(page, 'error')
      expect(await page.locator('#notice').innerText()).toContain('Your session has ended')
      expect(await contentOf(page)).toBe('<p>Half a sen</p>')
      expect(await page.locator('#sheet').isVisible()).toBe(true)
    } finally {
      await strict.close()
    }
  })
})

describe('the page itself', () => {
  test('names a new document, and opens another one by its name', async () => {
    const page = await open('/')
    await waitUntilSaved(page)
    const name = await page.locator('#title').inputValue()
    expect(name).toMatch(/^[a-z]+-[a-z]+-\w{4}$/)
    expect(page.url()).toBe(`${server.url}/?doc=${name}`)

    await page.locator('#title').fill('Minutes of the board')
    await page.locator('#title').press('Enter')
    await page.waitForURL(`${server.url}/?doc=Minutes%20of%20the%20board`)
    await waitUntilSaved(page)
    expect(await page.title()).toBe('Minutes of the board · codraft')
  })

  test('needs no sideways scrolling at 360 pixels, and its bar can be used', async () => {
    const viewport = { width: 360, height: 740 }
    const documentName = 'a-very-long-document-name-that-does-not-fit-on-a-small-screen'
    const page = await openSaved(documentName, { viewport, name: 'Wilhelmina Featherstonehaugh' })
    await typeAtEnd(page, `Donaudampfschifffahrtsgesellschaftskapitän ${'x'.repeat(80)}`)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await page.keyboard.press('Enter')
    await clickTool(page, 'orderedList')
    await waitForContent(page, '<ol>')
  })

  test('asks no other host and breaks no content security policy', async () => {
    const documentName = newDocument()
    const page = await openPage('about:blank')
    const foreign: string[] = []
    const violations: string[] = []
    page.on('request', (request) => {
      if (new URL(request.url()).host !== new URL(server.url).host) foreign.push(request.url())
    })
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) violations.push(message.text())
    })
    await page.goto(`${server.url}/?doc=${documentName}`)
    await waitUntilSaved(page)
    await typeAtEnd(page, 'Text')
    await page.locator('#help').click()
    expect({ foreign, violations }).toEqual({ foreign: [], violations: [] })
  })

  test('can be used with the keyboard alone', async () => {
    const page = await openSaved(newDocument())
    await typeAtEnd(page, 'word')
    await page.keyboard.press('ControlOrMeta+a')
    await page.locator('[data-tool="style"]').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await expect.poll(() => contentOf(page)).toBe('<p><strong>word</strong></p>')
    await page.keyboard.press('ControlOrMeta+k')
    await page.keyboard.type('example.org')
    await page.keyboard.press('Enter')
    await waitForContent(page, 'href="https://example.org"')
  })
})
