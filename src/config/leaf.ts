import { z } from 'zod'

/** What is said about a setting. */
export interface SettingMeta {
  readonly env: string
  readonly description: string
  readonly unit?: string
  readonly secret?: boolean
  readonly group: string
}

export const settings = z.registry<SettingMeta>()

export const anyNumber = z.coerce.number({ error: 'must be a number' })
const between = (schema: z.ZodNumber | z.ZodCoercedNumber, min: number, max: number, fallback: number) =>
  schema.min(min, `must be at least ${min}`).max(max, `must be at most ${max}`).default(fallback)
export const number = (min: number, max: number, fallback: number) =>
  between(anyNumber.int('must be a whole number'), min, max, fallback)
export const decimal = (min: number, max: number, fallback: number) => between(anyNumber, min, max, fallback)
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true')
export const optionalFlag = () =>
  z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((text) => text === 'true')
    .optional()
export const items = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
export const list = () => items().default([])

/** A secret of HS256 must be as long as its hash (RFC 7518, section 3.2). */
const minSecretBytes = 32

export const hmacSecret = () =>
  z
    .string()
    .refine(
      (text) => Buffer.byteLength(text) >= minSecretBytes,
      `must be at least ${minSecretBytes} bytes; make one with: openssl rand -base64 48`,
    )
