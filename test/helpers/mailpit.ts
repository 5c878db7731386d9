import { serviceVariable } from './services.ts'

export interface DeliveredMail {
  readonly subject: string
  /** The plain text part. */
  readonly text: string
}

/** The mails that Mailpit has taken for an address, the oldest first. */
export const mailsTo = async (address: string): Promise<readonly DeliveredMail[]> => {
  const { messages } = await read<{ messages: { ID: string }[] }>('search', { query: `to:"${address}"` })
  const mails = messages.toReversed().map(async ({ ID }) => {
    const { Subject, Text } = await read<{ Subject: string; Text: string }>(`message/${ID}`)
    return { subject: Subject, text: Text }
  })
  return Promise.all(mails)
}

const atOnce = 500

/** To whom Mailpit has taken mails at the addresses of a domain: one entry for each mail. */
export const recipientsAt = async (domain: string): Promise<readonly string[]> => {
  const recipients: string[] = []
  for (;;) {
    const page = { query: `to:"@${domain}"`, start: `${recipients.length}`, limit: `${atOnce}` }
    const { messages } = await read<{ messages: { To: { Address: string }[] }[] }>('search', page)
    recipients.push(...messages.flatMap(({ To }) => To.map(({ Address }) => Address)))
    if (messages.length < atOnce) return recipients
  }
}

const read = async <Body>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Body> => {
  const url = new URL(`/api/v1/${path}`, serviceVariable('CODRAFT_TEST_MAILPIT_URL'))
  url.search = new URLSearchParams(query).toString()
  const response = await fetch(url)
  if (!response.ok) throw new Error(`Mailpit answers ${response.status} to ${url.pathname}`)
  return (await response.json()) as Body
}
