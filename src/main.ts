#!/usr/bin/env node
import { Command } from 'commander'
import { CodraftError } from '../extensions/errors.ts'
import { configCommand } from './cli/config.ts'
import { dlqCommand } from './cli/dlq.ts'
import { editCommand } from './cli/edit.ts'
import { doctorCommand } from './cli/doctor.ts'
import { exportCommand } from './cli/export.ts'
import { mcpCommand } from './cli/mcp.ts'
import { replayCommand } from './cli/replay.ts'
import { serveCommand } from './cli/serve.ts'
import { tokenCommand } from './cli/token.ts'
import { topicsCommand } from './cli/topics.ts'
import { workCommand } from './cli/work.ts'

const program = new Command('codraft')
  .description('Self-hosted collaboration server for rich-text editors')
  .addCommand(serveCommand())
  .addCommand(workCommand())
  .addCommand(tokenCommand())
  .addCommand(topicsCommand())
  .addCommand(dlqCommand())
  .addCommand(replayCommand())
  .addCommand(exportCommand())
  .addCommand(editCommand())
  .addCommand(mcpCommand())
  .addCommand(doctorCommand())
  .addCommand(configCommand())

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof CodraftError ? error.message : error)
  process.exit(1)
}
