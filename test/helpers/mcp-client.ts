import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

export interface McpAgent extends AsyncDisposable {
  readonly client: Client
  /** Calls a tool. Resolves to the text that it answers; rejects with it when it is an error. */
  call(tool: string, args?: Record<string, unknown>): Promise<string>
}

/** An MCP client (the official SDK) that runs `codraft mcp`, as an AI application does. */
export const startAgent = async (url: string, token: string, name = 'Robin'): Promise<McpAgent> => {
  const client = new Client({ name, version: '1.0.0' })
  const env = { PATH: process.env['PATH'] ?? '', CODRAFT_URL: url, CODRAFT_TOKEN: token }
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [main, 'mcp'], env }))
  return {
    client,
    async call(tool, args = {}) {
      const { content, isError } = await client.callTool({ name: tool, arguments: args })
      const [part] = content as { text: string }[]
      const text = part?.text ?? ''
      if (isError) throw new Error(text)
      return text
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
