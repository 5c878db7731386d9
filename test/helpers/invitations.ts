import type { RestClient } from './rest.ts'

/** Opens the link of an invitation as its page does. Resolves to the document and the role. */
export const acceptInvitation = async (client: RestClient, mail: string): Promise<unknown> => {
  const [link] = /https?:\/\/\S+invitation=\S+/.exec(mail) ?? []
  if (link === undefined) throw new Error('the mail has no link of an invitation')
  const token = new URL(link).searchParams.get('invitation')
  return (await client.post('/api/invitations/accept', { body: { token } })).json
}
