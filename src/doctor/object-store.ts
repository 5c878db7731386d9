import { openObjectStore } from '../object-store.ts'
import type { Check } from './Check.ts'

/** That the bucket can be used and honours conditional writes: one small object is written and deleted. */
export const objectStore: Check = {
  name: 's3',
  appliesTo: ({ s3Bucket }) => s3Bucket !== undefined,
  async run(config) {
    const store = await openObjectStore(config)
    try {
      await store.check()
    } finally {
      store.close()
    }
    return []
  },
}
