import type { Config } from './config.ts'

/** Address of the page, for links in mails, where no server runs that could tell; without a slash at its end. */
export const publicUrlOf = ({ publicUrl, host, port }: Config): string =>
  publicUrl ?? `http://${host}:${port}`
