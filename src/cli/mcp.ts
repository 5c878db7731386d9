import { Command, Option } from 'commander'
import type { McpOptions } from '../agents/mcp-server.ts'
import { addServerOptions } from './server-options.ts'

/** `codraft mcp`: speaks the Model Context Protocol on the standard input and output until that is closed. */
export const mcpCommand = (): Command =>
  addServerOptions(
    new Command('mcp')
      .description('tools for an AI agent (MCP over stdio): list, read, search and edit documents')
      .option('--agent <name>', 'name that people see at its cursor; default: that of the MCP client')
      .addOption(new Option('--color <color>', 'colour of its cursor, #rrggbb').default('#7c3aed')),
  ).action(async (options: McpOptions) => {
    // The other commands start faster without it.
    const [{ StdioServerTransport }, { createMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/stdio.js'),
      import('../agents/mcp-server.ts'),
    ])
    const server = createMcpServer(options)
    process.stdin.on('end', () => void server.close())
    await server.connect(new StdioServerTransport())
  })
