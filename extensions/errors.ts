/** Every coded error: HTTP status, WebSocket close code, cause and cure. The reference page is generated from this table. */
export const errorCatalogue = {
  CODRAFT_CONFIG_INVALID: {
    status: 500,
    closeCode: 1011,
    cause: 'One or more settings are missing or malformed.',
    cure: 'Correct the settings that the message lists; `codraft config` prints all of them.',
  },
  CODRAFT_TOKEN_MISSING: {
    status: 401,
    closeCode: 4401,
    cause: 'No access token was sent.',
    cure: 'Send a JWT: `token` of HocuspocusProvider, `params: { token }` of WebsocketProvider, or an Authorization header.',
  },
  CODRAFT_TOKEN_INVALID: {
    status: 401,
    closeCode: 4401,
    cause: 'The access token cannot be verified: signature, algorithm, issuer, audience or claims are wrong.',
    cure: 'Sign the token with the configured secret or key set, and with the configured issuer and audience.',
  },
  CODRAFT_TOKEN_EXPIRED: {
    status: 401,
    closeCode: 4401,
    cause: 'The access token has expired or is not valid yet.',
    cure: 'Fetch a new token; give HocuspocusProvider a function as `token` so that it can renew it by itself.',
  },
  CODRAFT_AUTH_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'The key set that verifies access tokens cannot be fetched at the moment.',
    cure: 'Clients retry by themselves; see that this server reaches AUTH_JWKS_URL.',
  },
  CODRAFT_DOCUMENT_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    cause: 'The user has no role on this document, or has it no longer.',
    cure: 'An owner shares the document; or the application names it, or a prefix of it that ends in *, in the `documents` claim.',
  },
  CODRAFT_LAST_OWNER: {
    status: 409,
    closeCode: 1011,
    cause: 'The document would be left without an owner.',
    cure: 'Make somebody else an owner first.',
  },
  CODRAFT_INVITATION_INVALID: {
    status: 410,
    closeCode: 4410,
    cause: 'The invitation has been accepted or revoked, has expired, or does not exist.',
    cure: 'Ask an owner of the document for another one.',
  },
  CODRAFT_DOCUMENT_NAME_INVALID: {
    status: 400,
    closeCode: 4400,
    cause: 'The document name is empty, too long, or has control characters.',
    cure: 'Use 1 to 255 printable characters.',
  },
  CODRAFT_ORIGIN_FORBIDDEN: {
    status: 403,
    closeCode: 4403,
    cause: 'The page that opened the connection is not of an allowed origin.',
    cure: 'Add the origin to ALLOWED_ORIGINS.',
  },
  CODRAFT_GUEST_TOKENS_DISABLED: {
    status: 403,
    closeCode: 4403,
    cause: 'Guest tokens are issued on loopback only, and never when a secret or key set is configured.',
    cure: 'Issue tokens in your application, or with `codraft token`.',
  },
  CODRAFT_TOO_MANY_CONNECTIONS: {
    status: 429,
    closeCode: 4429,
    cause: 'This server, address or user has reached its limit of connections.',
    cure: 'Close unused connections, or raise MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS or MAX_CONNECTIONS_PER_USER.',
  },
  CODRAFT_TOO_MANY_DOCUMENTS: {
    status: 429,
    closeCode: 4429,
    cause: 'One connection opened more documents than MAX_DOCUMENTS_PER_CONNECTION.',
    cure: 'Use a further connection, or raise the limit.',
  },
  CODRAFT_AUTH_TIMEOUT: {
    status: 408,
    closeCode: 4408,
    cause: 'The connection did not authenticate within AUTH_DEADLINE_MS.',
    cure: 'Send the token right after the connection opens.',
  },
  CODRAFT_MESSAGE_MALFORMED: {
    status: 400,
    closeCode: 4400,
    cause: 'A message does not follow the protocol.',
    cure: 'Check that client and server speak the same protocol: /collab for Hocuspocus, /yjs/:documentName for y-websocket.',
  },
  CODRAFT_UPDATE_REJECTED: {
    status: 400,
    closeCode: 4400,
    cause:
      'An update would damage the document or exceeds a limit; the close reason names the check that failed.',
    cure: 'Send updates that Yjs has encoded (format V1) and split very large changes.',
  },
  CODRAFT_PROTOCOL_UNSUPPORTED: {
    status: 400,
    closeCode: 4400,
    cause: 'The client asked for a version of the JSON protocol that this server does not speak.',
    cure: 'Ask for a version that the message names, or leave `protocol` out.',
  },
  CODRAFT_NOT_JOINED: {
    status: 409,
    closeCode: 4400,
    cause: 'A JSON client sent an edit or a cursor without having joined a document.',
    cure: 'Send `join_document` first and wait for `joined`.',
  },
  CODRAFT_EDIT_INVALID: {
    status: 400,
    closeCode: 4400,
    cause: 'An edit is malformed, out of bounds, splits a character, or does not fit the document.',
    cure: 'Correct what the message names; nothing was applied.',
  },
  CODRAFT_EDIT_TOO_LARGE: {
    status: 413,
    closeCode: 1009,
    cause: 'A message of a JSON client exceeds MAX_UPDATE_BYTES.',
    cure: 'Split the edit.',
  },
  CODRAFT_VERSION_UNKNOWN: {
    status: 409,
    closeCode: 4400,
    cause: 'An edit is based on a version that the server does not know, or no longer.',
    cure: 'Take the content of the `resync` message and send the edit again on its version.',
  },
  CODRAFT_READ_ONLY: {
    status: 403,
    closeCode: 4403,
    cause: 'The role of this user does not allow to change the document.',
    cure: 'Ask an owner of the document for the role editor.',
  },
  CODRAFT_AWARENESS_REJECTED: {
    status: 400,
    closeCode: 4400,
    cause: 'An awareness message is malformed, too large, or names too many clients.',
    cure: 'Keep awareness states small: a user and a cursor.',
  },
  CODRAFT_IDENTITY_FORGED: {
    status: 403,
    closeCode: 4403,
    cause: 'An awareness message speaks for the client of another user.',
    cure: 'Send awareness states for your own client id only.',
  },
  CODRAFT_SLOW_READER: {
    status: 408,
    closeCode: 4508,
    cause: 'The client did not read what it was sent within SLOW_READER_DEADLINE_MS.',
    cure: 'Reconnect; the client then receives the difference only.',
  },
  CODRAFT_JOURNAL_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'Edits cannot be made durable at the moment (disk full or failing), so none is acknowledged.',
    cure: 'Clients keep their edits and retry by themselves; free disk space and see /health/ready.',
  },
  CODRAFT_REDIS_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'Redis cannot be reached.',
    cure: 'See that REDIS_URL is right and that Redis runs and lets this server in.',
  },
  CODRAFT_REDIS_UNSUITABLE: {
    status: 500,
    closeCode: 1011,
    cause: 'Redis is too old, or one node of a cluster is named as if it stood alone.',
    cure: 'Use Redis 7.0 or newer; name at least two nodes of a cluster in REDIS_URL, comma-separated.',
  },
  CODRAFT_INSTANCE_DUPLICATE: {
    status: 500,
    closeCode: 1011,
    cause:
      'Another instance with the same INSTANCE_ID lives, or has ended without saying so a few seconds ago.',
    cure: 'Give each instance an INSTANCE_ID of its own, or none: then it makes one.',
  },
  CODRAFT_CLOCK_SKEWED: {
    status: 500,
    closeCode: 1011,
    cause: 'The clock of this machine and that of Redis differ by more than five seconds.',
    cure: 'Synchronise the clocks of all machines (NTP).',
  },
  CODRAFT_DOCUMENT_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'The document could not be loaded from its store.',
    cure: 'Clients retry by themselves; the log names the store that failed.',
  },
  CODRAFT_DOCUMENT_CLOSED: {
    status: 503,
    closeCode: 4503,
    cause: 'An owner has closed the document on all instances.',
    cure: 'Clients reconnect by themselves and load it anew.',
  },
  CODRAFT_DOCUMENT_CORRUPT: {
    status: 500,
    closeCode: 4500,
    cause: 'A stored file or journal record of this document fails its checksum.',
    cure: 'Restore the named file from a backup; other documents are not affected.',
  },
  CODRAFT_SCHEMA_NEWER: {
    status: 500,
    closeCode: 1011,
    cause: 'A file or database was written by a newer version of codraft.',
    cure: 'Start that version again, or restore a backup that is older than the upgrade.',
  },
  CODRAFT_JOURNAL_TRIMMED: {
    status: 503,
    closeCode: 4503,
    cause: 'Journal records were read from a position below the one up to which they have been trimmed.',
    cure: 'Read the newest snapshot first. When it is missing, restore it from a backup.',
  },
  CODRAFT_EVENT_INVALID: {
    status: 500,
    closeCode: 1011,
    cause: 'A message is no event of the catalogue: its type, version or a field is not known.',
    cure: 'Update the older of producer and consumer; `codraft dlq show` prints the message.',
  },
  CODRAFT_EVENTS_UNAVAILABLE: {
    status: 503,
    closeCode: 1011,
    cause: 'The event log cannot be reached or written at the moment.',
    cure: 'Nothing is lost and it is tried again; see KAFKA_BROKERS and the log.',
  },
  CODRAFT_TOPIC_MISMATCH: {
    status: 500,
    closeCode: 1011,
    cause: 'A topic exists with another number of partitions than the catalogue says.',
    cure: 'Keys would move between partitions and lose their order: let its consumers finish, delete it, and run `codraft topics`.',
  },
  CODRAFT_TOPIC_UNKNOWN: {
    status: 500,
    closeCode: 1011,
    cause: 'The event log has no such topic.',
    cure: '`codraft topics` makes the topics of the catalogue.',
  },
  CODRAFT_GROUP_ACTIVE: {
    status: 409,
    closeCode: 1011,
    cause: 'The position of a consumer group cannot be changed while it has members.',
    cure: 'Stop the workers of the group, wait until their session has ended (10 s), and try again.',
  },
  CODRAFT_STORE_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'The database of documents and permissions cannot be reached at the moment.',
    cure: 'Clients retry by themselves; see /health/ready, and that this server reaches DATABASE_URL.',
  },
  CODRAFT_STORE_SCHEMA_UNKNOWN: {
    status: 500,
    closeCode: 1011,
    cause: 'A newer release of codraft has changed the tables of the database.',
    cure: 'Start that release, or restore a backup of the database from before.',
  },
  CODRAFT_ENCRYPTION_KEY_MISSING: {
    status: 500,
    closeCode: 4500,
    cause: 'A stored object is encrypted by a master key that SNAPSHOT_ENCRYPTION_KEY does not list.',
    cure: 'Add that key to the list, after the first one; without it the object cannot be read.',
  },
  CODRAFT_OBJECT_STORE_UNAVAILABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'The S3 server cannot be reached, or fails. Edits stay in the journal and are acknowledged.',
    cure: 'Nothing is lost and the server retries by itself; see that it reaches S3_ENDPOINT.',
  },
  CODRAFT_OBJECT_STORE_UNSUITABLE: {
    status: 500,
    closeCode: 4500,
    cause: 'The S3 server refuses the requests, or does not honour If-Match and If-None-Match in PutObject.',
    cure: 'Correct S3_BUCKET, S3_ENDPOINT, S3_REGION or the AWS credentials as the message says, or use a server with conditional writes.',
  },
  CODRAFT_STORE_CONFLICT: {
    status: 409,
    closeCode: 1011,
    cause: 'Another writer changed the document manifest at the same time, again and again.',
    cure: 'Retry; nothing was lost.',
  },
  CODRAFT_DOCUMENT_ERASED: {
    status: 410,
    closeCode: 4410,
    cause: 'The document was erased; a writer of an older epoch is refused.',
    cure: 'Close the document.',
  },
  CODRAFT_SERVER_DRAINING: {
    status: 503,
    closeCode: 1012,
    cause: 'The server is shutting down.',
    cure: 'Clients reconnect by themselves.',
  },
  CODRAFT_HOOK_FAILED: {
    status: 500,
    closeCode: 1011,
    cause: 'An extension threw an error.',
    cure: 'The log names the hook and the error.',
  },
  CODRAFT_HOCUSPOCUS_INCOMPATIBLE: {
    status: 500,
    closeCode: 1011,
    cause: 'The installed @hocuspocus/server is not the version this server was built for.',
    cure: 'Install the exact version that package.json names.',
  },
  CODRAFT_CONTENT_INVALID: {
    status: 422,
    closeCode: 4422,
    cause: 'The content is not what its format says; the message names the place.',
    cure: 'Send the JSON of a ProseMirror or Tiptap document, Markdown, HTML or plain text.',
  },
  CODRAFT_CONTENT_TOO_LARGE: {
    status: 413,
    closeCode: 4413,
    cause: 'The content has more nodes, characters or levels of nesting than the limit.',
    cure: 'Split the document.',
  },
  CODRAFT_EXPORT_FAILED: {
    status: 422,
    closeCode: 4422,
    cause: 'The renderer cannot make this file of the document; the message says what it stumbled over.',
    cure: 'Choose another format, or change the part of the document that the message names; trying again does not help.',
  },
  CODRAFT_EXPORT_TOO_LARGE: {
    status: 413,
    closeCode: 4413,
    cause:
      'The document has more nodes or images than one file may hold, or needs more memory than a renderer may have.',
    cure: 'Split the document, or make its images smaller.',
  },
  CODRAFT_EXPORT_TOO_SLOW: {
    status: 504,
    closeCode: 4504,
    cause: 'The file was not finished within the time for one document.',
    cure: 'Try again when less is going on; split the document when it happens again.',
  },
  CODRAFT_EXPORT_NOT_FOUND: {
    status: 404,
    closeCode: 4404,
    cause: 'There is no export of this id, or none any more: they are kept for EXPORT_KEEP_DAYS.',
    cure: 'Ask for the file again: POST /api/documents/:name/exports.',
  },
  CODRAFT_TOO_MANY_EXPORTS: {
    status: 429,
    closeCode: 4429,
    cause: 'The user waits for ten exports of this document already.',
    cure: 'Wait until one of them is done.',
  },
  CODRAFT_LINK_INVALID: {
    status: 410,
    closeCode: 4410,
    cause: 'The download link has expired or was changed, or its file is gone.',
    cure: 'Ask for a new link: GET /api/exports/:id gives one as long as the file is kept.',
  },
  CODRAFT_REQUEST_INVALID: {
    status: 400,
    closeCode: 4400,
    cause: 'A request field is missing or malformed.',
    cure: 'Correct the field that the message names.',
  },
  CODRAFT_BODY_TOO_LARGE: {
    status: 413,
    closeCode: 1009,
    cause: 'The body of a request is larger than this route allows.',
    cure: 'Send less at once, or raise REST_MAX_BODY_BYTES or MAX_UPDATE_BYTES.',
  },
  CODRAFT_RATE_LIMITED: {
    status: 429,
    closeCode: 4429,
    cause: 'One user or address sent more requests than REST_MAX_REQUESTS_PER_MINUTE.',
    cure: 'Wait as long as the Retry-After header says, or raise the limit.',
  },
  CODRAFT_MEDIA_TYPE_UNSUPPORTED: {
    status: 415,
    closeCode: 4400,
    cause: 'The body of a request has a media type that this route does not read.',
    cure: 'Set Content-Type to one that /api/docs names for the route.',
  },
  CODRAFT_ROLE_INSUFFICIENT: {
    status: 403,
    closeCode: 4403,
    cause: 'The role on this document does not allow what was asked for.',
    cure: 'Ask an owner of the document for a higher role; the message says which one is needed.',
  },
  CODRAFT_DOCUMENT_NOT_FOUND: {
    status: 404,
    closeCode: 4404,
    cause: 'Nothing was ever written to a document of this name.',
    cure: 'Check the name, percent-encoded in a path; PUT creates a document.',
  },
  CODRAFT_DOCUMENT_DELETED: {
    status: 410,
    closeCode: 4410,
    cause: 'The document is in the bin.',
    cure: 'An owner can take it out again: POST /api/documents/:name/restore.',
  },
  CODRAFT_VERSION_NOT_FOUND: {
    status: 404,
    closeCode: 4404,
    cause: 'The document has no version of this id; automatic versions are thinned out with age.',
    cure: 'Take an id from the list of versions; name a version to keep it.',
  },
  CODRAFT_IDEMPOTENCY_KEY_BUSY: {
    status: 409,
    closeCode: 4409,
    cause: 'A request with this idempotency key is still at work.',
    cure: 'Repeat the request a little later with the same key.',
  },
  CODRAFT_DOCUMENT_CHANGED: {
    status: 412,
    closeCode: 4412,
    cause: 'The document is not the one that If-Match names: somebody has edited it.',
    cure: 'Read it again and repeat the change on what it is now.',
  },
  CODRAFT_UPDATE_GAP: {
    status: 409,
    closeCode: 4409,
    cause: 'An update builds on edits that the server does not have.',
    cure: 'Send the update that `Y.encodeStateAsUpdate` makes from the state of GET …?format=update, or the whole state.',
  },
  CODRAFT_NOT_FOUND: {
    status: 404,
    closeCode: 4404,
    cause: 'There is no such route or file.',
    cure: 'Check the path.',
  },
  CODRAFT_SERVER_UNREACHABLE: {
    status: 503,
    closeCode: 4503,
    cause: 'The server that a command works through does not answer, or is no codraft server.',
    cure: 'Start it, or name its address in CODRAFT_URL.',
  },
  CODRAFT_OPERATORS_ONLY: {
    status: 403,
    closeCode: 4403,
    cause: 'The route is for those who operate the server.',
    cure: 'Add the user id (`sub` of the token) to OPERATORS.',
  },
  CODRAFT_INTERNAL: {
    status: 500,
    closeCode: 1011,
    cause: 'An unexpected error.',
    cure: 'See the log.',
  },
} as const

export type ErrorCode = keyof typeof errorCatalogue

/** WebSocket close reasons are limited to 123 bytes (RFC 6455, section 5.5.1). */
const maxReasonBytes = 123

/**
 * An error with a code of {@link errorCatalogue}. `code` and `reason` have the shape that Hocuspocus looks
 * for in an error thrown by a hook: a WebSocket close code and a close reason.
 */
export class CodraftError extends Error {
  override readonly name = 'CodraftError'
  readonly errorCode: ErrorCode
  /** WebSocket close code. */
  readonly code: number
  /** HTTP status. */
  readonly status: number
  /** What a client is told: the code, then the detail, at most 123 bytes. Never holds content or secrets. */
  readonly reason: string

  constructor(errorCode: ErrorCode, detail = '', options?: { cause?: unknown }) {
    const entry = errorCatalogue[errorCode]
    super(`${errorCode}: ${detail || entry.cause}`, options)
    this.errorCode = errorCode
    this.code = entry.closeCode
    this.status = entry.status
    this.reason = shorten(detail ? `${errorCode}: ${detail}` : errorCode)
  }
}

const shorten = (text: string): string => {
  const bytes = Buffer.from(text)
  return bytes.length <= maxReasonBytes
    ? text
    : bytes
        .subarray(0, maxReasonBytes - 3)
        .toString()
        .replace(/\uFFFD$/, '') + '…'
}
