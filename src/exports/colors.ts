const named: Readonly<Record<string, string>> = {
  black: '#000000',
  white: '#ffffff',
  gray: '#808080',
  grey: '#808080',
  silver: '#c0c0c0',
  red: '#ff0000',
  maroon: '#800000',
  orange: '#ffa500',
  yellow: '#ffff00',
  gold: '#ffd700',
  olive: '#808000',
  green: '#008000',
  lime: '#00ff00',
  teal: '#008080',
  cyan: '#00ffff',
  aqua: '#00ffff',
  blue: '#0000ff',
  navy: '#000080',
  purple: '#800080',
  magenta: '#ff00ff',
  fuchsia: '#ff00ff',
  violet: '#ee82ee',
  pink: '#ffc0cb',
  brown: '#a52a2a',
}

/** A CSS colour as `#rrggbb`; empty for none, or for one that is not understood. */
export const hexColor = (value: unknown): string => {
  if (typeof value !== 'string') return ''
  const text = value.trim().toLowerCase()
  const [, long] = /^#([\da-f]{6})(?:[\da-f]{2})?$/.exec(text) ?? []
  if (long !== undefined) return `#${long}`
  const [, short] = /^#([\da-f]{3})[\da-f]?$/.exec(text) ?? []
  if (short !== undefined) return `#${short.replaceAll(/./g, '$&$&')}`
  const [, ...channels] = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(text) ?? []
  if (channels.length === 3) {
    return `#${channels.map((channel) => Math.min(255, Number(channel)).toString(16).padStart(2, '0')).join('')}`
  }
  return named[text] ?? ''
}
