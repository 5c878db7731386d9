import { z } from 'zod'
import { CodraftError } from '../../../extensions/errors.ts'

/** Versions of the JSON protocol that this server speaks. A new field is no new version: both sides ignore what they do not know. */
export const protocolVersions = [1] as const

const position = z.int().min(0)
const id = z.string().min(1).max(128)

const block = z.union([z.int(), z.string().max(128)])

const op = z
  .looseObject({
    position: position
      .optional()
      .describe('Where this op begins; without it, ops follow each other from the start.'),
    retain: position.optional().describe('Keeps this many characters, and gives them `attributes`.'),
    delete: position.optional().describe('Removes this many characters.'),
    insert: z
      .union([z.string(), z.record(z.string(), z.json())])
      .optional()
      .describe('Text, or an embed as an object; an embed has the length 1.'),
    attributes: z
      .record(z.string(), z.json())
      .optional()
      .describe('Marks such as {"bold": true}; null removes one.'),
    block: block
      .optional()
      .describe('Index (-1 is the last) or id of the block that this op is in, from `offset` on.'),
    offset: position.optional(),
    insertBlock: z
      .string()
      .optional()
      .describe('Name of a new block: paragraph, heading, codeBlock, horizontalRule.'),
    text: z.string().optional().describe('Text of the new block.'),
    before: block.optional(),
    after: block.optional().describe('Where the new block goes; at the end when neither is given.'),
    setBlock: block.optional().describe('The block that gets `attributes`.'),
    deleteBlock: block.optional(),
  })
  .describe('One run of a change, or a change of one block.')

const join = z
  .looseObject({
    type: z.literal('join_document'),
    documentId: z.string().min(1).max(255),
    authToken: z
      .string()
      .optional()
      .describe('Access token (JWT); may stand in `?token=` or an Authorization header instead.'),
    protocol: z.int().optional().describe('Version of the protocol, 1 when left out.'),
    field: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Root type of the document. Default: `default`, as Tiptap has it.'),
    kind: z
      .enum(['text', 'blocks'])
      .optional()
      .describe('Y.Text or Y.XmlFragment. Default: what the document has.'),
    units: z.enum(['utf16', 'codepoint']).optional().describe('What positions count. Default: utf16.'),
    epoch: z.string().max(64).optional().describe('From the last `joined`: resumes at `version`.'),
    version: z.int().min(0).optional().describe('The last version that the client has.'),
    pending: z.array(id).max(100).optional().describe('Ids of edits that were sent and not acknowledged.'),
    agent: z
      .string()
      .min(1)
      .max(60)
      .optional()
      .describe('Name of a program that edits for the user; shown at its cursor.'),
    color: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/)
      .optional()
      .describe('Colour of the cursor.'),
  })
  .describe('Opens a document. Answered by `joined` and `active_users`, or by `error`.')

const edit = z
  .looseObject({
    type: z.literal('edit'),
    id: id
      .optional()
      .describe(
        'Chosen by the client, unique among the edits of its user. An edit sent twice is applied once.',
      ),
    version: z
      .int()
      .optional()
      .describe('The version that the edit was made on. Default: the last one that was sent.'),
    ops: z.array(op).optional(),
    ...op.shape,
  })
  .describe(
    'Changes the document: `ops`, or one op in the message itself. Answered by `ack`, `error` or `resync`.',
  )

const cursorMove = z
  .looseObject({
    type: z.literal('cursor_move'),
    position: position.nullable().describe('null takes the cursor away.'),
    anchor: position
      .optional()
      .describe('Where the selection begins; the same as `position` when nothing is selected.'),
    version: z.int().optional(),
  })
  .describe('Shows the cursor to everybody else.')

const leave = z
  .looseObject({ type: z.literal('leave_document') })
  .describe('Closes the document; the connection stays.')
const token = z
  .looseObject({ type: z.literal('token'), authToken: z.string() })
  .describe('Renews the access token, after `token_request` or at any time.')
const ping = z.looseObject({ type: z.literal('ping') }).describe('Answered by `pong`.')

const clientMessage = z.discriminatedUnion('type', [join, edit, cursorMove, leave, token, ping])

export type ClientMessage = z.infer<typeof clientMessage>
export type JoinMessage = z.infer<typeof join>
export type EditMessage = z.infer<typeof edit>
export type CursorMessage = z.infer<typeof cursorMove>

/** A message that was read, or why it was not, and which edit it was about. */
export type Reading =
  | { readonly message: ClientMessage }
  | { readonly error: CodraftError; readonly opId?: string | undefined }

export const readMessage = (text: string): Reading => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return { error: new CodraftError('CODRAFT_MESSAGE_MALFORMED', 'this is not JSON', { cause }) }
  }
  const parsed = clientMessage.safeParse(value)
  if (parsed.success) return { message: parsed.data }
  const [issue] = parsed.error.issues
  const detail = `${issue?.path.join('.') || 'message'}: ${issue?.message ?? 'malformed'}`.slice(0, 80)
  const { type, id: opId } = (value ?? {}) as { type?: unknown; id?: unknown }
  if (type !== 'edit') return { error: new CodraftError('CODRAFT_MESSAGE_MALFORMED', detail) }
  return {
    error: new CodraftError('CODRAFT_EDIT_INVALID', detail),
    opId: typeof opId === 'string' ? opId : undefined,
  }
}

const user = z.object({ userId: z.string(), userName: z.string().optional(), color: z.string().optional() })
const content = z.array(op).describe('The document as inserts.')
const version = z.int().describe('Grows by one with every change, whoever makes it.')
const timestamp = z.int().describe('ms since the epoch')
const applied = z.array(z.string()).describe('Those of `pending` that the server has applied.')

const serverMessage = z.discriminatedUnion('type', [
  z
    .object({
      type: z.literal('joined'),
      documentId: z.string(),
      protocol: z.int(),
      role: z.enum(['owner', 'editor', 'commenter', 'viewer']),
      userId: z.string(),
      kind: z.enum(['text', 'blocks']),
      epoch: z.string(),
      version,
      content: content.optional(),
      applied,
    })
    .describe(
      'The document is open. Without `content` the client is up to `version` and gets what it missed.',
    ),
  z
    .object({ type: z.literal('active_users'), users: z.array(user) })
    .describe('Who is here, the client itself included.'),
  user.extend({ type: z.literal('user_joined'), timestamp }),
  z.object({ type: z.literal('user_left'), userId: z.string(), timestamp }),
  z
    .object({ type: z.literal('ack'), opId: z.string(), serverOpId: z.string(), version })
    .describe('The edit is durable. It is the change that leads to `version`.'),
  z
    .object({ type: z.literal('remote_edit'), userId: z.string(), version, ops: z.array(op) })
    .describe('The change that leads to `version`; of the server itself when userId is empty.'),
  z
    .object({
      type: z.literal('remote_cursor'),
      userId: z.string(),
      clientId: z.int().describe('A user has one for each tab or device.'),
      position: position.nullable(),
      anchor: position.optional(),
      timestamp,
    })
    .describe('Somebody has moved; null: has no cursor any more.'),
  z
    .object({ type: z.literal('resync'), version, content, applied })
    .describe(
      'Take this content; edits that are neither applied nor acknowledged have to be made again on it.',
    ),
  z
    .object({ type: z.literal('role'), role: z.enum(['owner', 'editor', 'commenter', 'viewer']) })
    .describe('The role has changed.'),
  z.object({ type: z.literal('token_request') }).describe('The token expires soon: send `token`.'),
  z
    .object({ type: z.literal('durability'), state: z.enum(['ok', 'degraded']) })
    .describe('Whether edits can be stored.'),
  z.object({ type: z.literal('stateless'), payload: z.string() }).describe('Message of an extension.'),
  z.object({ type: z.literal('pong') }),
  z
    .object({
      type: z.literal('error'),
      code: z.string(),
      message: z.string(),
      opId: z.string().optional().describe('The edit that was not applied.'),
    })
    .describe('The message was refused.'),
])

export type ServerMessage = z.infer<typeof serverMessage>

/** JSON Schema (draft 2020-12) of all messages. */
export const jsonSchema = (): Record<string, unknown> => {
  const of = (schema: z.ZodType): object => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', reused: 'inline' })
    return rest
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'codraft JSON protocol, version 1',
    $defs: { client: of(clientMessage), server: of(serverMessage) },
    anyOf: [{ $ref: '#/$defs/client' }, { $ref: '#/$defs/server' }],
  }
}
