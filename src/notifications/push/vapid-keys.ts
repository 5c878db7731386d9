import { createECDH, hkdfSync } from 'node:crypto'
import { CodraftError } from '../../../extensions/errors.ts'
import type { Config } from '../../config.ts'
import { linkSecretOf } from '../../secret.ts'

/** What this server signs its requests to push services with (RFC 8292): a P-256 key pair in base64url. */
export interface VapidKeys {
  /** Uncompressed point, 65 bytes. */
  readonly publicKey: string
  /** 32 bytes. */
  readonly privateKey: string
}

/** Order of the group P-256. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/**
 * The keys that the settings give; else those that follow from the secret of links, the same on every instance.
 *
 * @throws {CodraftError} CODRAFT_CONFIG_INVALID when those of the settings are no pair
 */
export const vapidKeysOf = (config: Config): VapidKeys => {
  const { vapidPublicKey: publicKey, vapidPrivateKey: privateKey } = config
  if (publicKey !== undefined && privateKey !== undefined) {
    if (publicKeyOf(privateKey) !== publicKey)
      throw new CodraftError('CODRAFT_CONFIG_INVALID', 'VAPID_PRIVATE_KEY is not that of VAPID_PUBLIC_KEY')
    return { publicKey, privateKey }
  }
  return deriveVapidKeys(linkSecretOf(config))
}

/** The same keys for the same secret. Takes more bits than the key has, so that all keys are alike (FIPS 186-5, A.2.1). */
export const deriveVapidKeys = (secret: string): VapidKeys => {
  const bits = Buffer.from(hkdfSync('sha256', secret, '', 'codraft:vapid', 48))
  const scalar = (BigInt(`0x${bits.toString('hex')}`) % (order - 1n)) + 1n
  const privateKey = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').toString('base64url')
  const publicKey = publicKeyOf(privateKey) as string
  return { publicKey, privateKey }
}

/** Undefined when it is no private key of P-256. */
const publicKeyOf = (privateKey: string): string | undefined => {
  const ecdh = createECDH('prime256v1')
  try {
    ecdh.setPrivateKey(privateKey, 'base64url')
  } catch {
    return undefined
  }
  return ecdh.getPublicKey('base64url', 'uncompressed')
}
