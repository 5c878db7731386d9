import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { loadConfig, type Config } from '../config.ts'
import { CodraftError } from '../../extensions/errors.ts'
import {
  createImageFetcher,
  exportDocument,
  exportFormats,
  readSource,
  RenderPool,
  type ExportFormat,
  type ExportOptions,
  type ExportSource,
} from '../exports/index.ts'
import { openStoredDocuments } from '../stored-documents.ts'

interface Options {
  readonly format: ExportFormat
  readonly out: string
  readonly title?: string
  readonly author?: string
  readonly language?: string
  readonly date?: string
  readonly pageSize?: 'a4' | 'letter'
  readonly header?: string
  readonly contents?: boolean
  readonly comments: boolean
}

/** `codraft export`: makes a file of a stored document, with no server and no worker. */
export const exportCommand = (): Command =>
  new Command('export')
    .description('write a stored document to a file')
    .argument('<document>', 'name of the document')
    .addOption(new Option('--format <format>', 'file format').choices(exportFormats).makeOptionMandatory())
    .requiredOption('--out <file>', 'file to write; - writes to the standard output')
    .option('--title <text>', 'title; without it, the first heading')
    .option('--author <name>', 'author in the metadata')
    .option('--language <tag>', 'language of the text, such as en or zh-TW')
    .option('--date <date>', 'date in the metadata, such as 2026-01-31')
    .addOption(new Option('--page-size <size>', 'size of a page').choices(['a4', 'letter']))
    .option('--header <text>', 'text at the top of each page')
    .option('--contents', 'begin with a table of contents')
    .option('--no-comments', 'leave out the comment threads that are not resolved')
    .action(
      async (
        documentName: string,
        { format, out, contents, comments: includeComments, ...others }: Options,
      ) => {
        const source = await readFromStores(loadConfig(process.env), documentName, includeComments)
        const { reading, comments } = source
        const options: ExportOptions = { ...others, comments, ...(contents ? { tableOfContents: true } : {}) }
        const pool = new RenderPool()
        try {
          const services = { pool, fetchImage: createImageFetcher() }
          const { bytes, notes } = await exportDocument(reading, format, options, services)
          if (out === '-') process.stdout.write(bytes)
          else await writeFile(out, bytes)
          for (const note of notes) console.error(note)
        } finally {
          await pool.close()
        }
      },
    )

/** @throws {CodraftError} CODRAFT_NOT_FOUND, CODRAFT_DOCUMENT_CORRUPT */
const readFromStores = async (
  config: Config,
  documentName: string,
  includeComments: boolean,
): Promise<ExportSource> => {
  const { redisUrl, dataDir } = config
  if (redisUrl === undefined && !existsSync(join(dataDir, 'journal.sqlite')))
    throw new CodraftError('CODRAFT_NOT_FOUND', `${dataDir} holds no documents`)
  const documents = await openStoredDocuments(config)
  try {
    const source = await readSource(documents.read, documentName, { includeComments })
    if (!source) throw new CodraftError('CODRAFT_NOT_FOUND', `there is no document ${documentName}`)
    return source
  } finally {
    await documents.close()
  }
}
