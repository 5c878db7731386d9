const safeLink = /^(?:https?:|mailto:|tel:|sms:|ftp:|#|\/|\?|\.{1,2}\/|[^:/?#]*(?:[/?#]|$))/i
const safeImage =
  /^(?:https?:\/\/|\/|\.{1,2}\/|data:image\/(?:png|jpe?g|gif|webp|avif|bmp)[;,]|[^:/?#]+(?:[/?#]|$))/i

/** Browsers ignore these in an address, also within its scheme. */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const ignored = /[\u0000-\u0020\u007F-\u00A0\u200B-\u200F\u2028-\u202F\uFEFF]/g

/** Whether a link may be followed: web, mail, telephone, or relative; never a script. */
export const isSafeLink = (href: string): boolean =>
  href !== '' && safeLink.test(href.replaceAll(ignored, ''))

/** Whether an image may be shown: web, relative, or the data of a bitmap. */
export const isSafeImage = (src: string): boolean => src !== '' && safeImage.test(src.replaceAll(ignored, ''))

/** A colour as CSS writes it, or undefined for what is none. */
export const cssColor = (value: unknown): string | undefined =>
  typeof value === 'string' &&
  /^(?:#[\da-f]{3,8}|[a-z]{3,30}|(?:rgb|hsl|oklch|oklab|lab|lch|hwb)a?\([\d\s.,%/a-z+-]{1,60}\))$/i.test(
    value,
  )
    ? value
    : undefined
