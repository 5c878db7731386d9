import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RestClient, restClient, documentPath } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'
import { testToken } from '../../helpers/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { MAX_UPDATE_BYTES: '2048', REST_MAX_REQUESTS_PER_MINUTE: '40' } })
})
afterAll(() => server.close())

describe('the description', () => {
  it('is valid OpenAPI, and every operation names its tag, summary and problems', async () => {
    const { status, json } = await new RestClient(server, undefined).get('/api/openapi.json')
    expect(status).toBe(200)
    expect(await new Validator().validate(json)).toEqual({ valid: true })
    const operations = Object.entries(json['paths'] as Record<string, Record<string, Operation>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
    )
    expect(operations.length).toBeGreaterThan(1)
    for (const { route, tags, summary, responses, security } of operations) {
      expect(tags, route).toHaveLength(1)
      expect(summary, route).toBeTruthy()
      const problems = security?.length === 0 ? ['400', '429'] : ['400', '401', '429']
      expect(Object.keys(responses), route).toEqual(expect.arrayContaining(problems))
    }
  })

  it('is readable at /api/docs from this server alone, under the policy of the page', async () => {
    const client = new RestClient(server, undefined)
    const page = await client.get('/api/docs/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    // What the policy would block: inline code, and anything of another host.
    expect(page.text).not.toMatch(/<script(?![^>]* src=)/)
    expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string)
    expect(assets.length).toBeGreaterThan(2)
    for (const path of assets) {
      expect((await client.get(new URL(path, `${server.url}/api/docs/`).pathname)).status, path).toBe(200)
    }
  })
})

interface Operation {
  /** Empty for an operation that needs no token. */
  readonly security?: readonly object[]
  readonly tags: readonly string[]
  readonly summary: string
  readonly responses: Readonly<Record<string, unknown>>
}

describe('a request', () => {
  it('without a token, with a wrong or an expired one is refused with a code', async () => {
    const path = documentPath('refused')
    const none = await new RestClient(server, undefined).get(path)
    expect([none.status, none.code]).toEqual([401, 'CODRAFT_TOKEN_MISSING'])
    expect(none.headers.get('www-authenticate')).toBe('Bearer')
    expect(none.headers.get('content-type')).toContain('application/problem+json')
    const wrong = await new RestClient(server, 'nonsense').get(path)
    expect([wrong.status, wrong.code]).toEqual([401, 'CODRAFT_TOKEN_INVALID'])
    const foreign = await testToken('ada', { secret: 'another secret of more than 32 bytes, surely' })
    expect((await new RestClient(server, foreign).get(path)).code).toBe('CODRAFT_TOKEN_INVALID')
  })

  it('that is too large answers 413, one of an unread media type 415', async () => {
    const client = await restClient(server)
    const large = await client.patch(documentPath('large'), { body: new Uint8Array(4_096) })
    expect([large.status, large.code]).toEqual([413, 'CODRAFT_BODY_TOO_LARGE'])
    const xml = await client.patch(documentPath('large'), {
      body: '<x/>',
      headers: { 'content-type': 'application/xml' },
    })
    expect([xml.status, xml.code]).toEqual([415, 'CODRAFT_MEDIA_TYPE_UNSUPPORTED'])
  })

  it('beyond the limit of its user answers 429 and says when to come back; others go on', async () => {
    const greedy = await restClient(server, 'greedy')
    const answers = await Promise.all(Array.from({ length: 50 }, () => greedy.get(documentPath('limited'))))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(10)
    expect(refused[0]?.code).toBe('CODRAFT_RATE_LIMITED')
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await (await restClient(server, 'modest')).get(documentPath('limited'))).status).toBe(404)
  })
})
