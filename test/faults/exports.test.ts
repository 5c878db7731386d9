import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { formatContent } from '../../src/documents/tree/index.ts'
import { finishedExport, requestExport } from '../helpers/exports.ts'
import { hostileDocuments } from '../helpers/hostile-documents.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer } from '../helpers/server.ts'

const maxServerMiB = 800

/** Highest resident memory of a process so far, MiB. */
const peakOf = async (pid: number): Promise<number> =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

test('documents that could break a renderer go through the worker, which stays up in bounded memory', async () => {
  await using server = await startServer()
  const owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
  for (const [name, tree] of Object.entries(hostileDocuments)) {
    const headers = { 'content-type': 'application/json' }
    const body = formatContent('json', { tree, names: {} })
    expect((await owner.put(documentPath(name), { headers, body })).status, name).toBeLessThan(300)
    if (tree.content.length === 0) {
      // There is no telling it from one that was never written.
      const { code } = await owner.post(documentPath(name, '/exports'), { body: { format: 'pdf' } })
      expect(code).toBe('CODRAFT_DOCUMENT_NOT_FOUND')
      continue
    }
    for (const format of ['pdf', 'docx']) {
      const { state, error } = await finishedExport(owner, await requestExport(owner, name, format))
      expect(error, `${name} as ${format}`).toBeUndefined()
      expect(state).toBe('done')
    }
  }
  expect(await peakOf(server.pid)).toBeLessThan(maxServerMiB)
})
