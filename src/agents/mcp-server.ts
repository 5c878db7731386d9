import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'
import { CodraftError, errorCatalogue } from '../../extensions/errors.ts'
import { version } from '../version.ts'
import { AgentPresence } from './AgentPresence.ts'
import { DocumentComments } from './DocumentComments.ts'
import { DocumentsApi, type ServerAccess } from './DocumentsApi.ts'
import { searchDocuments } from './search-documents.ts'

export interface McpOptions extends ServerAccess {
  /** Name that people see at the cursor. Default: what the MCP client calls itself. */
  readonly agent?: string
  /** Colour of the cursor, `#rrggbb`. */
  readonly color: string
}

const instructions = `Documents on a codraft server that people may have open at this moment: they see your edits as you make them, and keep what they type meanwhile.
Read a document before you edit it. Prefer edit_document and append_to_document; write_document is for new documents and complete rewrites.`

const document = z.string().min(1).max(255).describe('Name of the document, such as plans/2026.')
const markdown = z.string().describe('Markdown.')

/** Documents of a server as tools of the Model Context Protocol, with the role of the token and no more. */
export const createMcpServer = (options: McpOptions): McpServer => {
  const server = new McpServer({ name: 'codraft', version }, { instructions })
  const api = new DocumentsApi(options)
  let presence: AgentPresence | undefined
  const agentName = (): string =>
    (options.agent ?? server.server.getClientVersion()?.name ?? 'Agent').slice(0, 60)
  const comments = (): DocumentComments => new DocumentComments(api, options.token, agentName())
  const present = (): AgentPresence => {
    const agent = agentName()
    const exists = (documentName: string) => api.exists(documentName)
    return (presence ??= new AgentPresence({ ...options, agent, exists }))
  }
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way
  server.server.onclose = () => presence?.close()

  server.registerTool(
    'list_documents',
    {
      description: 'Lists the documents that you may open, those that changed last first.',
      inputSchema: { cursor: z.string().optional().describe('From the answer before, for the next page.') },
      annotations: { readOnlyHint: true },
    },
    ({ cursor }) => answer(async () => JSON.stringify(await api.list(cursor))),
  )

  server.registerTool(
    'search_documents',
    {
      description:
        'Looks for a text in your documents, whatever its case; the 200 that changed last are read.',
      inputSchema: { query: z.string().min(1).max(200) },
      annotations: { readOnlyHint: true },
    },
    ({ query }) => answer(async () => JSON.stringify(await searchDocuments(api, query))),
  )

  server.registerTool(
    'read_document',
    {
      description: 'Reads a document as it is now, as Markdown.',
      inputSchema: { document },
      annotations: { readOnlyHint: true },
    },
    ({ document }) =>
      answer(async () => {
        const content = await api.read(document, 'md')
        await present().enter(document)
        return content
      }),
  )

  server.registerTool(
    'edit_document',
    {
      description:
        'Replaces texts in a document, all of them or none. Each has to be there exactly once, as people read it or as Markdown.',
      inputSchema: {
        document,
        edits: z
          .array(z.object({ find: z.string().min(1), replace: markdown }))
          .min(1)
          .max(100),
      },
    },
    ({ document, edits }) =>
      answer(async () => {
        await present().during(document, () => api.edit(document, edits))
        return 'Done; the edits are stored.'
      }),
  )

  server.registerTool(
    'append_to_document',
    {
      description:
        'Adds to the end of a document, or of one section of it. Creates the document when there is none.',
      inputSchema: {
        document,
        markdown,
        heading: z.string().min(1).optional().describe('Text of the heading of the section.'),
      },
      annotations: { destructiveHint: false },
    },
    ({ document, markdown, heading }) =>
      answer(async () => {
        const edit = heading === undefined ? { append: markdown } : { heading, insert: markdown }
        await present().during(document, () => api.edit(document, [edit]))
        return 'Done; the addition is stored.'
      }),
  )

  server.registerTool(
    'write_document',
    {
      description: 'Creates a document, or replaces all of its content.',
      inputSchema: { document, markdown },
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    ({ document, markdown }) =>
      answer(async () => {
        await present().during(document, () => api.replace(document, 'md', markdown))
        return 'Done; the document is stored.'
      }),
  )

  server.registerTool(
    'list_comments',
    {
      description: 'Lists the comment threads on a document, the oldest first.',
      inputSchema: { document },
      annotations: { readOnlyHint: true },
    },
    ({ document }) => answer(async () => JSON.stringify(await comments().list(document))),
  )

  server.registerTool(
    'comment_on_document',
    {
      description:
        'Begins a comment thread on a document, or replies to one. Needs no right to edit the document.',
      inputSchema: {
        document,
        text: z.string().min(1).max(10_000).describe('Plain text.'),
        quote: z
          .string()
          .min(1)
          .optional()
          .describe(
            'The text that the comment is about: there once, within one block. Default: the whole document.',
          ),
        thread: z.string().optional().describe('Id of the thread to reply to, from list_comments.'),
      },
      annotations: { destructiveHint: false },
    },
    ({ document, text, quote, thread }) =>
      answer(async () => {
        if (thread === undefined) await comments().begin(document, text, quote)
        else await comments().reply(document, thread, text)
        return 'Done; the comment is stored.'
      }),
  )
  return server
}

interface Answer {
  readonly [field: string]: unknown
  readonly content: { readonly type: 'text'; readonly text: string }[]
  readonly isError?: boolean
}

/** What a tool answers; a coded error is told with its cure, so that the agent can do better. */
const answer = async (work: () => Promise<string>): Promise<Answer> => {
  try {
    return { content: [{ type: 'text', text: await work() }] }
  } catch (error) {
    if (!(error instanceof CodraftError)) throw error
    const text = `${error.message.replace(/\.?$/, '.')} ${errorCatalogue[error.errorCode].cure}`
    return { content: [{ type: 'text', text }], isError: true }
  }
}
