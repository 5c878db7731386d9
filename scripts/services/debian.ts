import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { findCommand, run } from './command.ts'

/** Says to Debian's packages that they must not start services at installation. */
const policyFile = '/usr/sbin/policy-rc.d'
const waitForLock = ['-o', 'DPkg::Lock::Timeout=300']

let updated: Promise<unknown> | undefined
let queue: Promise<unknown> = Promise.resolve()

/** Installs packages by apt-get, one call after the other. Rejects where this is not possible. */
export const installPackages = (...packages: string[]): Promise<void> => {
  const installed = queue.then(() => install(packages))
  queue = installed.catch(() => undefined)
  return installed
}

const install = async (packages: readonly string[]): Promise<void> => {
  if (process.getuid?.() !== 0 || findCommand('apt-get') === undefined)
    throw new Error(`install ${packages.join(' and ')} by hand: this needs Debian or Ubuntu, and root`)
  console.log(`codraft: installing ${packages.join(', ')} …`)
  updated ??= run('apt-get', [...waitForLock, 'update', '-qq'])
  await updated
  const hadPolicy = existsSync(policyFile)
  if (!hadPolicy) await writeFile(policyFile, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    await run('apt-get', [...waitForLock, 'install', '-y', '-qq', '--no-install-recommends', ...packages], {
      DEBIAN_FRONTEND: 'noninteractive',
    })
  } finally {
    if (!hadPolicy) await rm(policyFile, { force: true })
  }
}
