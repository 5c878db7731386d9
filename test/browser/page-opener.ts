import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { launchChromium, visit, type Visitor, type VisitorOptions } from './pages.ts'

/**
 * Chromium for the tests of a file. Returns what opens a page, each in a browser profile of its own; after each test
 * its pages are closed, and must have thrown nothing.
 */
export const usePages = (): ((url: string, options?: VisitorOptions) => Promise<Page>) => {
  let browser: Browser
  let visitors: Visitor[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    const errors = visitors.flatMap((visitor) => visitor.errors)
    for (const visitor of visitors) await visitor.leave()
    visitors = []
    expect(errors, 'exceptions in the pages').toEqual([])
  })

  return async (url, options) => {
    const visitor = await visit(browser, url, options)
    visitors.push(visitor)
    return visitor.page
  }
}
