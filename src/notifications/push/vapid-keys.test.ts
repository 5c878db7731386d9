import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../config.ts'
import { deriveVapidKeys, vapidKeysOf } from './vapid-keys.ts'

const secret = 'a secret for tests only, 32 bytes or more'

describe('VAPID keys', () => {
  it('follow from the secret, and are a pair', () => {
    const keys = deriveVapidKeys(secret)
    expect(deriveVapidKeys(secret)).toEqual(keys)
    expect(deriveVapidKeys(`${secret}.`)).not.toEqual(keys)
    const point = Buffer.from(keys.publicKey, 'base64url')
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    }
    const privateKey = createPrivateKey({ key: { ...jwk, d: keys.privateKey }, format: 'jwk' })
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
    const data = Buffer.from('data')
    expect(verify('sha256', data, publicKey, sign('sha256', data, privateKey))).toBe(true)
  })

  it('are those of the settings, when these are a pair', () => {
    const { publicKey, privateKey } = deriveVapidKeys('another')
    const env = { AUTH_JWT_SECRET: secret, VAPID_PUBLIC_KEY: publicKey }
    expect(vapidKeysOf(loadConfig({ ...env, VAPID_PRIVATE_KEY: privateKey }))).toEqual({
      publicKey,
      privateKey,
    })
    expect(() => loadConfig(env)).toThrow('need each other')
    const wrong = loadConfig({ ...env, VAPID_PRIVATE_KEY: deriveVapidKeys('a third').privateKey })
    expect(() => vapidKeysOf(wrong)).toThrow('VAPID_PRIVATE_KEY')
  })
})
