const svg = 'http://www.w3.org/2000/svg'
const [width, height] = [220, 44]

/** A line of the last values; a gap where one is undefined. The scale begins at 0 and ends at the largest. */
export const sparkline = (values: readonly (number | undefined)[], kept: number): SVGSVGElement => {
  const root = document.createElementNS(svg, 'svg')
  root.setAttribute('viewBox', `0 0 ${width} ${height}`)
  root.setAttribute('preserveAspectRatio', 'none')
  root.setAttribute('aria-hidden', 'true')
  root.classList.add('sparkline')
  const most = Math.max(1, ...values.map((value) => value ?? 0))
  const offset = kept - values.length
  const place = (value: number, index: number): string =>
    `${(((offset + index) / (kept - 1)) * width).toFixed(1)} ${(height - 2 - (value / most) * (height - 4)).toFixed(1)}`
  const steps = values.map((value, index) => {
    if (value === undefined) return ''
    return `${values[index - 1] === undefined ? 'M' : 'L'}${place(value, index)}`
  })
  const line = document.createElementNS(svg, 'path')
  line.setAttribute('d', steps.join(''))
  line.setAttribute('vector-effect', 'non-scaling-stroke')
  root.append(line)
  return root
}
