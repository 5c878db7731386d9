import { describe, expect, it } from 'vitest'
import { describeConfig, loadConfig, settingList } from './config.ts'

describe('settings', () => {
  it('have defaults, and an empty variable counts as not set', () => {
    expect(loadConfig({ PORT: '' })).toMatchObject({ port: 8080, host: '127.0.0.1', journalGatherMs: 50 })
  })

  it('accept every documented default when it is set explicitly', () => {
    const env = Object.fromEntries(settingList.map((setting) => [setting.env, setting.default]))
    expect(loadConfig(env)).toEqual(loadConfig({}))
  })

  it('report all bad variables at once, each with its cure', () => {
    const env = { PORT: 'eighty', AUTH_JWT_SECRET: 'short', LOG_LEVEL: 'loud', COMPACT_AFTER_BYTES: '1' }
    const report = (): unknown => loadConfig(env)
    expect(report).toThrow(/^CODRAFT_CONFIG_INVALID: 4 bad setting/)
    expect(report).toThrow(/PORT must be a number \(default 8080\)/)
    expect(report).toThrow(/AUTH_JWT_SECRET must be at least 32 bytes; make one with: openssl/)
    expect(report).toThrow(/COMPACT_AFTER_BYTES must be at least 1024/)
  })

  it('take levels of single modules, and name the modules where one is unknown', () => {
    expect(loadConfig({ LOG_LEVELS: 'transport=debug, redis = warn' }).logLevels).toContain('redis')
    for (const LOG_LEVELS of ['transports=debug', 'redis=loud', 'redis', 'redis=warn,', 'redis=warn=error'])
      expect(() => loadConfig({ LOG_LEVELS })).toThrow(
        /^CODRAFT_CONFIG_INVALID: 1 bad[^]*LOG_LEVELS must be pairs such as transport=debug,redis=warn of a module \(documents, /,
      )
  })

  it('never show a secret', () => {
    const secret = 'correct horse battery staple, twice over'
    const shown = JSON.stringify(describeConfig(loadConfig({ AUTH_JWT_SECRET: secret })))
    expect(shown).not.toContain(secret)
    expect(shown).toContain('********')
    expect(JSON.stringify(describeConfig(loadConfig({})))).not.toContain('********')
    expect(() =>
      loadConfig({ AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: 'https://id.example/keys', PORT: 'x' }),
    ).not.toThrow(secret)
  })

  it('refuse a fleet whose instances would not see the same documents, and name every cure', () => {
    const report = (): unknown => loadConfig({ REDIS_URL: 'redis://127.0.0.1:6379' })
    expect(report).toThrow(/needs S3_BUCKET/)
    expect(report).toThrow(/needs DATABASE_URL/)
    expect(report).toThrow(/needs AUTH_JWT_SECRET or AUTH_JWKS_URL/)
  })
})
