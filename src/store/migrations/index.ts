import type { Kysely } from 'kysely'
import { documents } from './0001-documents.ts'
import { sharing } from './0002-sharing.ts'
import { versions } from './0003-versions.ts'
import { audit } from './0004-audit.ts'
import { preferences } from './0005-preferences.ts'
import { outbox } from './0006-outbox.ts'
import { idempotency } from './0007-idempotency.ts'
import { publishedPositions } from './0008-published-positions.ts'
import { users } from './0009-users.ts'
import { handledEvents } from './0010-handled-events.ts'
import { exports } from './0011-exports.ts'
import { analytics } from './0012-analytics.ts'
import { deadLetters } from './0013-dead-letters.ts'
import { mails } from './0014-mails.ts'
import { notifications } from './0015-notifications.ts'
import { pushSubscriptions } from './0016-push-subscriptions.ts'
import { editedDocuments } from './0017-edited-documents.ts'
import { erasedUsers } from './0018-erased-users.ts'
import { delayedEvents } from './0019-delayed-events.ts'
import type { ColumnTypes } from './column-types.ts'

/** Changes the tables from one version to the next. Runs in a transaction; column names are camelCase. */
export type StoreMigration = (db: Kysely<unknown>, types: ColumnTypes) => Promise<void>

/**
 * All migrations, in the order of their names. A released one is never changed: a further change of the tables is a
 * further file with the next number. A migration may only add what the release before it can live with (instances of
 * both run together while a fleet is updated).
 */
export const migrations: Readonly<Record<string, StoreMigration>> = {
  '0001-documents': documents,
  '0002-sharing': sharing,
  '0003-versions': versions,
  '0004-audit': audit,
  '0005-preferences': preferences,
  '0006-outbox': outbox,
  '0007-idempotency': idempotency,
  '0008-published-positions': publishedPositions,
  '0009-users': users,
  '0010-handled-events': handledEvents,
  '0011-exports': exports,
  '0012-analytics': analytics,
  '0013-dead-letters': deadLetters,
  '0014-mails': mails,
  '0015-notifications': notifications,
  '0016-push-subscriptions': pushSubscriptions,
  '0017-edited-documents': editedDocuments,
  '0018-erased-users': erasedUsers,
  '0019-delayed-events': delayedEvents,
}
