import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CodraftError } from '../extensions/errors.ts'
import type { Config } from './config.ts'

const secretBytes = 48

/**
 * The secret of a server that was given none: `<dataDir>/secrets/jwt-secret`, made at the first call and readable by
 * the owner only. Processes that start at the same time get the same one.
 *
 * @returns base64 of 48 random bytes
 * @throws {CodraftError} CODRAFT_CONFIG_INVALID when the file does not hold such a secret
 */
export const loadOrCreateSecret = (dataDir: string): string => {
  const folder = join(dataDir, 'secrets')
  const file = join(folder, 'jwt-secret')
  const secret = read(file) ?? create(folder, file)
  if (Buffer.from(secret, 'base64').length < secretBytes) {
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      `${file} holds no secret of ${secretBytes} bytes; delete it to get a new one`,
    )
  }
  return secret
}

/** What signs the links that this server gives: those that are out hold as long as it stays the same. */
export const linkSecretOf = ({ linkSecret, jwtSecret, dataDir }: Config): string =>
  linkSecret ?? jwtSecret ?? loadOrCreateSecret(dataDir)

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The file is complete before it gets its name, and a name is given once: whoever comes second reads the secret of the
 * first. Opening the final name with `wx` would let the second one read an empty file.
 */
const create = (folder: string, file: string): string => {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomBytes(secretBytes).toString('base64')}\n`)
    fsyncSync(descriptor)
    linkSync(draft, file)
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    rmSync(draft, { force: true })
  }
  return readFileSync(file, 'utf8').trim()
}

const errorCodeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code
