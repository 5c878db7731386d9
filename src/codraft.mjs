#!/usr/bin/env node
// The command. What Node makes of the sources is kept, so that it strips and compiles them once and not at each start:
// that saves a second, and the memory of the compiler in every thread.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
  new URL('../node_modules/.cache/codraft', import.meta.url),
)
enableCompileCache()
await import('./main.ts')
