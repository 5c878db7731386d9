import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
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

it('a version is encrypted by the data key of its document, which goes when the document is erased', async () => {
  const server = await startServer({ env: { SNAPSHOT_ENCRYPTION_KEY: oldKey } })
  try {
    const owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
    const keys = () => readdir(join(server.dataDir, 'objects/keys/doc')).catch(() => [])
    await owner.put(documentPath('doc'), { body: 'confidential' })
    const { json } = await owner.post(documentPath('doc', '/versions'), { body: {} })
    expect(await keys()).toEqual(['0'])
    const path = documentPath('doc', `/versions/${String(json['id'])}/content`)
    expect((await owner.get(path, { query: { format: 'text' } })).text).toContain('confidential')
    expect((await owner.delete(documentPath('doc'), { query: { mode: 'erase' } })).status).toBe(204)
    expect(await keys()).toEqual([])
  } finally {
    await server.close()
  }
})
