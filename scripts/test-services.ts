// `npm run test:services [-- filter …]`: the tests that need real services. Installs what is missing, starts what the
// chosen files need, and stops it in the end.
import { runVitest, startServices, testFiles } from './services/test-run.ts'

const args = process.argv.slice(2)
const filters = args.filter((argument) => !argument.startsWith('-'))
const services = await startServices(testFiles(filters)).catch((error: Error) => {
  console.error(`codraft: a service cannot be had, so nothing was tested:\n${error.message}`)
  process.exit(1)
})
process.once('SIGTERM', () => process.exit(143))
const code = await runVitest(['--project', 'services', ...args], services.env)
await services.stop()
process.exit(code)
