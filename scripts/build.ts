// Makes what the npm package holds beside the sources: `dist/src` and `dist/extensions` in JavaScript, since Node strips
// no types below node_modules. The page in `dist/web` is made by setup.mjs --web.
import { spawnSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
for (const folder of ['dist/src', 'dist/extensions']) rmSync(folder, { recursive: true, force: true })
const { status } = spawnSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
if (status !== 0) process.exit(1)
copyFileSync('src/exports/template.typ', 'dist/src/exports/template.typ')
