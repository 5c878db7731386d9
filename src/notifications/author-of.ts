import type { CodraftEvent } from '../../extensions/events/index.ts'

/** Where several users have edited within the same instant, whoever has written most of it; undefined: the server. */
export const authorOf = ({ data }: CodraftEvent<'document.edited'>): string | undefined => {
  const [most] = data.authors
    .filter(({ userId }) => userId !== undefined)
    .sort((a, b) => b.inserted - a.inserted)
  return most?.userId
}
