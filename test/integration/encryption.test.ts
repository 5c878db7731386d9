import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer } from '../helpers/server.ts'

const [oldKey, newKey] = ['a', 'b'].map((letter) => Buffer.alloc(32, letter).toString('base64')) as [
  string,
  string,
]

it('SNAPSHOT_ENCRYPTION_KEY: objects hold no content, and a document is read with the key and with its successor', async () => {
  const env: Record<string, string> = { COMPACT_AFTER_MS: '100', SNAPSHOT_ENCRYPTION_KEY: oldKey }
  const server = await startServer({ env })
  const objects = join(server.dataDir, 'objects')
  {
    await using writer = await connectHocuspocus(server, 'doc')
    await expect.poll(() => writer.isSaved).toBe(true)
    writer.text.insert(0, 'confidential')
    await expect
      .poll(async () => readdir(join(objects, 'documents/doc/snapshots')).catch(() => []))
      .toHaveLength(1)
  }
  for (const entry of await readdir(objects, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const content = await readFile(join(entry.parentPath, entry.name))
      expect(content.includes('confidential'), entry.name).toBe(false)
      expect(content.includes('positions'), entry.name).toBe(false)
    }
  env['SNAPSHOT_ENCRYPTION_KEY'] = `${newKey},${oldKey}`
  await server.restart()
  await using reader = await connectHocuspocus(server, 'doc')
  await expect.poll(() => reader.text.toJSON()).toBe('confidential')
  await server.close()
})
