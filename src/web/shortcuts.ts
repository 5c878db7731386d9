const isApple = /mac|iphone|ipad/i.test(navigator.platform)

const appleSigns: Record<string, string> = { Mod: '⌘', Shift: '⇧', Alt: '⌥' }

/** A shortcut such as `Mod-Shift-8` as this system writes it: `⌘⇧8` or `Ctrl+Shift+8`. */
export const shortcutText = (shortcut: string): string => {
  const parts = shortcut.split('-')
  return isApple
    ? parts.map((part) => appleSigns[part] ?? part).join('')
    : parts.map((part) => (part === 'Mod' ? 'Ctrl' : part)).join('+')
}

/** The same for the `aria-keyshortcuts` attribute. */
export const ariaShortcut = (shortcut: string): string =>
  shortcut.replace('Mod', isApple ? 'Meta' : 'Control').replaceAll('-', '+')
