import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findCommand, run, succeeds } from '../../scripts/services/command.ts'
import { installPackages } from '../../scripts/services/debian.ts'

/** The one that Debian's packages are for: another may come first in the path. */
const python = '/usr/bin/python3'

const packages = ['poppler-utils', 'qpdf', 'python3-docx', 'libreoffice-writer-nogui']

const areThere = async (): Promise<boolean> =>
  ['pdftotext', 'qpdf', 'soffice'].every((command) => findCommand(command)) &&
  (await succeeds(python, ['-c', 'import docx']))

/** Whether the programs that read PDF and DOCX files are there; in CI they are installed. */
export const haveOfficePrograms = async (): Promise<boolean> => {
  if (await areThere()) return true
  if (process.env['CI'] !== 'true') return false
  await installPackages(...packages)
  return areThere()
}

/** Puts `bytes` into a file of a folder that is removed afterwards. */
export const withFile = async <Result>(
  name: string,
  bytes: Uint8Array,
  use: (path: string, folder: string) => Promise<Result>,
): Promise<Result> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-office-'))
  try {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return await use(path, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const pdfText = (pdf: Uint8Array): Promise<string> =>
  withFile('file.pdf', pdf, (path) => run('pdftotext', [path, '-']))

export const pdfFacts = (pdf: Uint8Array): Promise<string> =>
  withFile('file.pdf', pdf, (path) => run('pdfinfo', [path]))

/** Rejects when the structure of the file is not sound. */
export const checkPdf = (pdf: Uint8Array): Promise<string> =>
  withFile('file.pdf', pdf, (path) => run('qpdf', ['--check', path]))

export interface WordFacts {
  readonly title: string
  readonly author: string
  readonly headings: readonly (readonly [level: string, text: string])[]
  readonly listItems: number
  readonly tables: number
  readonly widestCell: number
  readonly verticalMerges: number
  readonly links: readonly string[]
  readonly images: number
  readonly rightToLeft: number
  readonly text: string
}

const readWord = `
import docx, json, sys
from docx.oxml.ns import qn
d = docx.Document(sys.argv[1])
body = d.element.body
links = [d.part.rels[h.get(qn('r:id'))].target_ref for h in body.iter(qn('w:hyperlink')) if h.get(qn('r:id'))]
print(json.dumps({
  'title': d.core_properties.title,
  'author': d.core_properties.author,
  'headings': [[p.style.name, p.text] for p in d.paragraphs if p.style.name.startswith('Heading')],
  'listItems': len(list(body.iter(qn('w:numPr')))),
  'tables': len(d.tables),
  'widestCell': max([int(g.get(qn('w:val'))) for g in body.iter(qn('w:gridSpan'))] + [1]),
  'verticalMerges': len(list(body.iter(qn('w:vMerge')))),
  'links': links,
  'images': len(d.inline_shapes),
  'rightToLeft': len(list(body.iter(qn('w:bidi')))),
  'text': ''.join(t.text or '' for t in body.iter(qn('w:t'))),
}))
`

/** What python-docx finds in a Word document. */
export const readWithPython = (file: Uint8Array): Promise<WordFacts> =>
  withFile(
    'file.docx',
    file,
    async (path) => JSON.parse(await run(python, ['-c', readWord, path])) as WordFacts,
  )

/** A Word document as LibreOffice opens it, in another of its formats. */
export const convertWithLibreOffice = (file: Uint8Array, format: 'html' | 'pdf' | 'odt'): Promise<Buffer> =>
  withFile('file.docx', file, async (path, folder) => {
    const profile = `-env:UserInstallation=file://${folder}/profile`
    await run('soffice', [profile, '--headless', '--convert-to', format, '--outdir', folder, path])
    return readFile(join(folder, `file.${format}`))
  })
