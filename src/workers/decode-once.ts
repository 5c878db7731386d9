import { decodeEvent, type AnyEvent, type StoredMessage } from '../../extensions/events/index.ts'

/** Decodes a message that several workers of this process get from one event log at the first of them only. */
export const decodeOnce = (): ((message: StoredMessage) => AnyEvent) => {
  const events = new WeakMap<StoredMessage, AnyEvent>()
  return (message) => {
    let event = events.get(message)
    if (!event) events.set(message, (event = decodeEvent(message)))
    return event
  }
}
