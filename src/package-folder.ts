import { findPackageJSON } from 'node:module'
import { dirname } from 'node:path'

/** Folder of the package: the checkout, or where npm has put it. */
export const packageFolder = dirname(findPackageJSON(import.meta.url) as string)
