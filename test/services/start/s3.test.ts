import { expect, it } from 'vitest'
import { serviceVariable } from '../../helpers/services.ts'

it('S3 answers in its protocol', async () => {
  const response = await fetch(`${serviceVariable('CODRAFT_TEST_S3_ENDPOINT')}/bucket`)
  expect(response.status).toBe(404)
  expect(await response.text()).toContain('<Code>NoSuchBucket</Code>')
})
