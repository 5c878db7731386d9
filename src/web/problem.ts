/** A refusal of the server in the words of the person at the page. */
export interface Problem {
  /** The coded reason, e.g. CODRAFT_TOKEN_EXPIRED; undefined when the server sent none that is known. */
  readonly code: string | undefined
  readonly title: string
  readonly text: string
  /** The document must not be shown: this person has no access to it. */
  readonly blocking: boolean
  /** It goes away by itself; the page keeps trying and shows it as a state, not as an error. */
  readonly passing: boolean
}

interface Explanation {
  title: string
  text: string
  blocking?: true
  passing?: true
}

/** By code of the server’s error catalogue; codes that only a broken client can cause have none. */
export const explanations: Record<string, Explanation> = {
  CODRAFT_TOKEN_MISSING: {
    title: 'Sign-in needed',
    text: 'This server opens documents only with a token from your application. Open the page from there, with ?token= in the address.',
    blocking: true,
  },
  CODRAFT_TOKEN_INVALID: {
    title: 'Sign-in not accepted',
    text: 'The server cannot verify the token of this page. Open the document from your application again to get a new one.',
  },
  CODRAFT_TOKEN_EXPIRED: {
    title: 'Your session has ended',
    text: 'The token of this page has expired. Open the document from your application again; edits made here are kept on this device.',
  },
  CODRAFT_AUTH_UNAVAILABLE: {
    title: 'Sign-in does not answer',
    text: 'Your access cannot be checked at the moment. This page tries again by itself; edits made here are kept on this device.',
  },
  CODRAFT_DOCUMENT_FORBIDDEN: {
    title: 'No access to this document',
    text: 'You are signed in, but nobody has shared this document with you yet. Ask its owner for access.',
    blocking: true,
  },
  CODRAFT_DOCUMENT_NAME_INVALID: {
    title: 'This name cannot be used',
    text: 'A document name has 1 to 255 printable characters. Choose another name above.',
    blocking: true,
  },
  CODRAFT_DOCUMENT_ERASED: {
    title: 'This document was erased',
    text: 'Its owner has deleted it for good.',
    blocking: true,
  },
  CODRAFT_DOCUMENT_DELETED: {
    title: 'This document is in the bin',
    text: 'Its owner has deleted it, and can still take it out of the bin again.',
    blocking: true,
  },
  CODRAFT_ROLE_INSUFFICIENT: {
    title: 'Your role does not allow this',
    text: 'Your role in this document does not allow this. Ask its owner.',
  },
  CODRAFT_LAST_OWNER: {
    title: 'Somebody has to own the document',
    text: 'This is the only owner. Make somebody else an owner first.',
  },
  CODRAFT_INVITATION_INVALID: {
    title: 'The invitation is not valid',
    text: 'This invitation was accepted or withdrawn, or it has expired.',
  },
  CODRAFT_VERSION_NOT_FOUND: {
    title: 'This version is gone',
    text: 'This version is no longer kept.',
  },
  CODRAFT_DOCUMENT_NOT_FOUND: {
    title: 'Nothing is stored yet',
    text: 'Nothing has been written in this document yet.',
  },
  CODRAFT_EXPORT_FAILED: {
    title: 'This file cannot be made',
    text: 'Something in the document cannot be put into this format. Try another format.',
  },
  CODRAFT_EXPORT_TOO_LARGE: {
    title: 'Too large for a file',
    text: 'The document has more text or pictures than one file can hold. Split it, or use smaller pictures.',
  },
  CODRAFT_EXPORT_TOO_SLOW: {
    title: 'This takes too long',
    text: 'The file was not ready in time. Try again later, or split the document.',
  },
  CODRAFT_TOO_MANY_EXPORTS: {
    title: 'Too many files at once',
    text: 'Ten files of this document are on their way. Wait until one of them is ready.',
  },
  CODRAFT_REQUEST_INVALID: {
    title: 'This cannot be used',
    text: 'The server does not accept what was entered. Check it and try again.',
  },
  CODRAFT_RATE_LIMITED: {
    title: 'Too many requests',
    text: 'That was too much at once. Wait a minute and try again.',
  },
  CODRAFT_STORE_UNAVAILABLE: {
    title: 'The database does not answer',
    text: 'The server cannot reach its database at the moment. Try again in a moment.',
  },
  CODRAFT_GUEST_TOKENS_DISABLED: {
    title: 'This server wants a token from your application',
    text: 'It lets guests in only on its own machine, and only while no secret is configured. Open this page from your application with ?token= in the address, or make a token with “codraft token”.',
    blocking: true,
  },
  CODRAFT_ORIGIN_FORBIDDEN: {
    title: 'This address is not allowed',
    text: 'The server does not accept connections from this page. Its operator can add the address to ALLOWED_ORIGINS.',
    blocking: true,
  },
  CODRAFT_TOO_MANY_CONNECTIONS: {
    title: 'The server is full',
    text: 'Too many connections are open. Close other tabs, or wait a moment: this page tries again by itself.',
  },
  CODRAFT_TOO_MANY_DOCUMENTS: {
    title: 'Too many documents are open',
    text: 'Close a few documents and try again.',
  },
  CODRAFT_UPDATE_REJECTED: {
    title: 'The server refused a change',
    text: 'One of your edits is too large or damaged, so it was not saved. Your text is still on this device: copy it, and paste it in smaller pieces.',
  },
  CODRAFT_DOCUMENT_UNAVAILABLE: {
    title: 'The document cannot be loaded',
    text: 'The server cannot read it at the moment. This page tries again by itself.',
  },
  CODRAFT_DOCUMENT_CORRUPT: {
    title: 'The document is damaged',
    text: 'The server cannot read its stored file. Its operator has to restore it from a backup.',
  },
  CODRAFT_JOURNAL_UNAVAILABLE: {
    title: 'Not saved yet',
    text: 'The server cannot store at the moment. Your edits are kept and sent again by themselves.',
    passing: true,
  },
  CODRAFT_SERVER_DRAINING: {
    title: 'The server restarts',
    text: 'This page connects again by itself.',
    passing: true,
  },
  CODRAFT_SLOW_READER: {
    title: 'Slow connection',
    text: 'This page connects again by itself.',
    passing: true,
  },
  CODRAFT_AUTH_TIMEOUT: {
    title: 'Slow connection',
    text: 'This page connects again by itself.',
    passing: true,
  },
}

/** Explains a close reason or the reason of a failed authentication: `CODE` or `CODE: detail`, anywhere in the text. */
export const explain = (reason: string): Problem => {
  const code = /CODRAFT_[A-Z_]+/.exec(reason)?.[0]
  const known = code === undefined ? undefined : explanations[code]
  return {
    code,
    title: known?.title ?? 'The server refused this page',
    text: known?.text ?? (code ? `Its reason: ${code}.` : 'It gave no reason that this page knows.'),
    blocking: known?.blocking ?? false,
    passing: known?.passing ?? false,
  }
}
