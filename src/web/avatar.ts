import { h } from './dom.ts'
import { initialsOf } from './people.ts'

/** The round sign of a person, in the colour that the person has here. */
export const avatarOf = (
  { id, name }: { readonly id: string; readonly name: string },
  tintFor: (id: string) => string,
): HTMLElement =>
  h('span', { class: 'avatar', style: `--tint: ${tintFor(id)}`, 'aria-hidden': 'true' }, initialsOf(name))
