import { text } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { DocumentsApi, type ServerAccess } from '../agents/DocumentsApi.ts'
import type { ContentEdit } from '../documents/tree/index.ts'
import { addServerOptions } from './server-options.ts'

interface Options extends ServerAccess {
  readonly append?: true
  readonly heading?: string
  readonly find?: string
  readonly replace?: true
}

const places = ['append', 'heading', 'find', 'replace'] as const

const place = (flags: string, description: string, own: (typeof places)[number]): Option =>
  new Option(flags, description).conflicts(places.filter((name) => name !== own))

/** `codraft edit`: edits a document through a running server; ends when the edit is durable. */
export const editCommand = (): Command =>
  addServerOptions(
    new Command('edit')
      .description('edit a document through a running server, with Markdown from the standard input')
      .argument('<document>', 'name of the document')
      .addOption(place('--append', 'add to the end', 'append'))
      .addOption(place('--heading <text>', 'add to the end of the section of this heading', 'heading'))
      .addOption(place('--find <text>', 'take the place of this text, which is there once', 'find'))
      .addOption(place('--replace', 'take the place of the whole content', 'replace')),
  ).action(async (documentName: string, options: Options, command: Command) => {
    if (!places.some((name) => options[name] !== undefined)) {
      command.error('error: say where: --append, --heading, --find or --replace')
    }
    const api = new DocumentsApi(options)
    const input = await text(process.stdin)
    if (options.replace) await api.replace(documentName, 'md', input)
    else await api.edit(documentName, [editOf(options, input)])
  })

const editOf = ({ heading, find }: Options, input: string): ContentEdit => {
  if (heading !== undefined) return { heading, insert: input }
  // Input from a shell ends with a line end; within a line that would be too much.
  if (find !== undefined) return { find, replace: input.replace(/\n$/, '') }
  return { append: input }
}
