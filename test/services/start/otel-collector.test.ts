import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { serviceVariable } from '../../helpers/services.ts'

it('the OpenTelemetry Collector writes the traces that it takes to its file', async () => {
  const traceId = randomBytes(16).toString('hex')
  const span = { traceId, spanId: randomBytes(8).toString('hex'), name: 'work', kind: 1 }
  const response = await fetch(`${serviceVariable('CODRAFT_TEST_OTLP_URL')}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  })
  expect(response.status).toBe(200)
  await expect
    .poll(() => readFile(serviceVariable('CODRAFT_TEST_OTLP_FILE'), 'utf8'))
    .toContain(`"traceId":"${traceId}"`)
})
