import { S3Downloads } from '../../src/exports/index.ts'
import { downloadsConformance } from '../conformance/downloads.ts'
import { createBucket } from '../helpers/s3.ts'

downloadsConformance('S3', async () => {
  let offsetMs = 0
  const downloads = await S3Downloads.open({
    ...(await createBucket(process.env)),
    now: () => Date.now() + offsetMs,
  })
  return {
    downloads,
    passes(ms) {
      offsetMs += ms
    },
    async close() {
      downloads.close()
    },
  }
})
