/** Addresses of the real services, as `scripts/services` hands them over. */
const address = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm run test:services`)
  return value
}

export const redisUrl = (): string => address('CODRAFT_TEST_REDIS_URL')

/** As REDIS_URL wants it: `host:port`, comma-separated. */
export const redisCluster = (): string => address('CODRAFT_TEST_REDIS_CLUSTER')
