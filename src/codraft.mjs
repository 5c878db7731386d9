#!/usr/bin/env node
// The command. What Node makes of the sources is kept, so that it strips and compiles them once and not at each start:
// that saves a second, and the memory of the compiler in every thread.
import module from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(`codraft needs Node.js 24 or newer; this is ${process.version}\n`)
  process.exit(1)
}
const folder = dirname(fileURLToPath(import.meta.url))
process.env['NODE_COMPILE_CACHE'] ??= `${folder}/../node_modules/.cache/codraft`
module.enableCompileCache()
// Node strips no types below node_modules: what npm has installed brings JavaScript.
const isInstalled = /[\\/]node_modules[\\/]/.test(folder)
await import(isInstalled ? '../dist/src/main.js' : './main.ts')
