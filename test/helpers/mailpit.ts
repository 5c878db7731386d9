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

const read = async <Body>(path: string, query: Readonly<Record<string, string>> = {}): Promise<Body> => {
  const url = new URL(`/api/v1/${path}`, serviceVariable('CODRAFT_TEST_MAILPIT_URL'))
  url.search = new URLSearchParams(query).toString()
  const response = await fetch(url)
  if (!response.ok) throw new Error(`Mailpit answers ${response.status} to ${url.pathname}`)
  return (await response.json()) as Body
}
