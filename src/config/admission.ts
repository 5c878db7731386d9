import { list, number, settings } from './leaf.ts'

/** Settings of what one client may cost. */
export const admissionSettings = {
  allowedOrigins: list().register(settings, {
    env: 'ALLOWED_ORIGINS',
    group: 'Admission',
    description:
      'Origins whose pages may connect, comma-separated; `*` allows all. The own origin is always allowed, as is a client that sends none.',
  }),
  trustedProxies: list().register(settings, {
    env: 'TRUSTED_PROXIES',
    group: 'Admission',
    description: 'Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed, comma-separated.',
  }),
  maxConnections: number(1, 1_000_000, 18_000).register(settings, {
    env: 'MAX_CONNECTIONS',
    group: 'Admission',
    description: 'WebSocket connections of this instance. Keep it below the open-file limit.',
  }),
  maxConnectionsPerAddress: number(1, 1_000_000, 2_000).register(settings, {
    env: 'MAX_CONNECTIONS_PER_ADDRESS',
    group: 'Admission',
    description: 'Connections from one client address; loopback is exempt.',
  }),
  maxConnectionsPerUser: number(1, 1_000_000, 10_000).register(settings, {
    env: 'MAX_CONNECTIONS_PER_USER',
    group: 'Admission',
    description: 'Connections of one user (`sub` claim).',
  }),
  maxDocumentsPerConnection: number(1, 100_000, 200).register(settings, {
    env: 'MAX_DOCUMENTS_PER_CONNECTION',
    group: 'Admission',
    description: 'Documents opened over one connection.',
  }),
  authDeadlineMs: number(100, 600_000, 10_000).register(settings, {
    env: 'AUTH_DEADLINE_MS',
    unit: 'ms',
    group: 'Admission',
    description: 'Time to authenticate after the connection opens.',
  }),
  idleTimeoutMs: number(1_000, 3_600_000, 60_000).register(settings, {
    env: 'IDLE_TIMEOUT_MS',
    unit: 'ms',
    group: 'Admission',
    description: 'A connection that sends nothing for this long, not even a pong, is closed.',
  }),
  maxMessageBytes: number(1_024, 1 << 30, 16 * 1024 * 1024).register(settings, {
    env: 'MAX_MESSAGE_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest WebSocket message, and so the largest first synchronisation of a client.',
  }),
  maxUpdateBytes: number(1_024, 1 << 30, 1024 * 1024).register(settings, {
    env: 'MAX_UPDATE_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest single update (one edit or paste).',
  }),
  maxMessagesPerSecond: number(10, 1_000_000, 10_000).register(settings, {
    env: 'MAX_MESSAGES_PER_SECOND',
    group: 'Admission',
    description:
      'Messages a second read from one connection, with a burst of twice as many; past it the server reads later, it drops nothing.',
  }),
  maxAwarenessBytes: number(64, 1 << 20, 16 * 1024).register(settings, {
    env: 'MAX_AWARENESS_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest awareness state of one client.',
  }),
}
