/**
 * URL of a module beside the importing one, for workers and child processes: TypeScript in a checkout, JavaScript in
 * the published package. `importer` is the `import.meta.url` of the caller, `name` has no ending.
 */
export const siblingModule = (importer: string, name: string): URL =>
  new URL(`./${name}${importer.endsWith('.ts') ? '.ts' : '.js'}`, importer)
