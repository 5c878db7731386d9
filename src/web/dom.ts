type Attributes = Record<string, string | boolean | undefined>

/** Creates an element; an attribute that is false or undefined is left out. */
export const h = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children)
  return element
}

/** The element of index.html with this id. */
export const byId = <Type extends HTMLElement>(id: string, type: new () => Type): Type => {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`index.html has no ${type.name} #${id}`)
  return element
}

const svg = 'http://www.w3.org/2000/svg'

/** An icon of 20 × 20 units drawn with the current colour; `path` holds the `d` of its strokes. */
export const icon = (path: string): SVGSVGElement => {
  const root = document.createElementNS(svg, 'svg')
  root.setAttribute('viewBox', '0 0 20 20')
  root.setAttribute('aria-hidden', 'true')
  root.classList.add('icon')
  const stroke = document.createElementNS(svg, 'path')
  stroke.setAttribute('d', path)
  root.append(stroke)
  return root
}
