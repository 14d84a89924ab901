/**
 * A typeset formula as what a pen would do: letters, bars and shapes with their places. KaTeX sets it once into the page,
 * out of sight, and its places are read off; the canvas then draws it at any size, as sharp as its text.
 * Lengths are in em of the formula, x from its left end, y downwards from its baseline.
 */

export interface Letters {
  text: string
  x: number
  y: number
  width: number
  /** The canvas's font but for its size: what stands before and after it. */
  style: string
  family: string
  size: number
  color: string | null
}

export interface Bar {
  x: number
  y: number
  width: number
  height: number
  color: string | null
}

/** A drawing such as a root's sign: path data, moved and scaled, of which only `clip` is seen. */
export interface Shape {
  d: string
  x: number
  y: number
  scaleX: number
  scaleY: number
  clip: Bar
  color: string | null
}

export interface Formula {
  width: number
  ascent: number
  descent: number
  letters: Letters[]
  bars: Bar[]
  shapes: Shape[]
}

/** Pixels of an em while it is read: browsers round some places to whole pixels. */
export const emRead = 100

/** They take room and show nothing. */
const blank = new Set(['strut', 'pstrut', 'mspace', 'vlist-s', 'nulldelimiter', 'arraycolsep', 'fix', 'svg-align'])

/** Reads what KaTeX made inside `element`, which must be laid out, with its fonts there. `baseline` is a box that stands on it. */
export function readFormula(element: HTMLElement, baseline: HTMLElement): Formula {
  const whole = element.getBoundingClientRect()
  const reader = new Reader(whole.left, baseline.getBoundingClientRect().bottom, getComputedStyle(element).color)
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text) reader.readText(node)
    else if (node instanceof SVGSVGElement) reader.readDrawing(node)
    else if (node instanceof HTMLElement && !node.firstChild && !blank.has(node.className)) reader.readBars(node)
  }
  return reader.formula(whole.width / emRead)
}

/** The fonts that the text inside `element` is set in, each as a canvas's font. */
export function fontsOf(element: HTMLElement): Set<string> {
  const fonts = new Set<string>()
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { fontStyle, fontWeight, fontFamily } = getComputedStyle(node.parentElement as HTMLElement)
    fonts.add(`${fontStyle} ${fontWeight} 16px ${fontFamily}`)
  }
  return fonts
}

class Reader {
  private readonly letters: Letters[] = []
  private readonly bars: Bar[] = []
  private readonly shapes: Shape[] = []

  constructor(
    private readonly left: number,
    private readonly baseline: number,
    private readonly ink: string,
  ) {}

  formula(width: number): Formula {
    const { letters, bars, shapes } = this
    const boxes = [...bars, ...shapes.map((shape) => shape.clip)]
    // Letters reach about so far above and below their line; what is taller is set as shapes or in parts.
    const tops = [...letters.map(({ y, size }) => y - 0.74 * size), ...boxes.map(({ y }) => y)]
    const bottoms = [...letters.map(({ y, size }) => y + 0.22 * size), ...boxes.map(({ y, height }) => y + height)]
    const ascent = -tops.reduce((top, y) => Math.min(top, y), 0)
    const descent = bottoms.reduce((bottom, y) => Math.max(bottom, y), 0)
    return { width, ascent, descent, letters, bars, shapes }
  }

  readText(node: Text): void {
    const text = node.data.replaceAll('\u200b', '')
    if (!text.trim()) return
    const style = getComputedStyle(node.parentElement as HTMLElement)
    if (style.visibility === 'hidden' || isClear(style.color)) return
    const range = document.createRange()
    range.selectNodeContents(node)
    const box = range.getBoundingClientRect()
    const pixels = Number.parseFloat(style.fontSize)
    const look = `${style.fontStyle} ${style.fontWeight}`
    this.letters.push({
      text,
      x: (box.left - this.left) / emRead,
      y: (box.top - this.baseline + ascentOf(look, style.fontFamily) * pixels) / emRead,
      width: box.width / emRead,
      style: look,
      family: style.fontFamily.includes(',') ? style.fontFamily : `${style.fontFamily}, serif`,
      size: pixels / emRead,
      color: this.colour(style.color),
    })
  }

  /** Fraction bars, frames and rules are the borders and grounds of boxes without content. */
  readBars(element: HTMLElement): void {
    const style = getComputedStyle(element)
    if (style.visibility === 'hidden') return
    const { left, top, right, bottom, width, height } = element.getBoundingClientRect()
    if (!isClear(style.backgroundColor)) this.bar(left, top, width, height, style.backgroundColor)
    const thick = (side: string) => Number.parseFloat(style.getPropertyValue(`border-${side}-width`)) || 0
    const ink = (side: string) => style.getPropertyValue(`border-${side}-color`)
    this.bar(left, top, width, thick('top'), ink('top'))
    this.bar(left, bottom - thick('bottom'), width, thick('bottom'), ink('bottom'))
    this.bar(left, top, thick('left'), height, ink('left'))
    this.bar(right - thick('right'), top, thick('right'), height, ink('right'))
  }

  readDrawing(svg: SVGSVGElement): void {
    const path = svg.querySelector('path')
    const [boxX = 0, boxY = 0, boxWidth = 0, boxHeight = 0] = (svg.getAttribute('viewBox') ?? '')
      .split(/\s+/)
      .map(Number)
    if (!path || !boxWidth || !boxHeight) return
    const box = svg.getBoundingClientRect()
    const window = (svg.closest(
      '.hide-tail, .brace-left, .brace-center, .brace-right, .halfarrow-left, .halfarrow-right',
    ) ?? svg) as Element
    const seen = window.getBoundingClientRect()
    const [align = 'xMidYMid', fit = 'meet'] = (svg.getAttribute('preserveAspectRatio') ?? '')
      .split(' ')
      .filter(Boolean)
    const across = box.width / boxWidth
    const down = box.height / boxHeight
    const even = fit === 'slice' ? Math.max(across, down) : Math.min(across, down)
    const [scaleX, scaleY] = align === 'none' ? [across, down] : [even, even]
    const spare = align.startsWith('xMin') ? 0 : align.startsWith('xMax') ? 1 : 0.5
    const left = Math.max(box.left, seen.left)
    const top = Math.max(box.top, seen.top)
    this.shapes.push({
      d: path.getAttribute('d') ?? '',
      x:
        (box.left - this.left + (align === 'none' ? 0 : spare * (box.width - boxWidth * scaleX)) - boxX * scaleX) /
        emRead,
      y: (box.top - this.baseline - boxY * scaleY) / emRead,
      scaleX: scaleX / emRead,
      scaleY: scaleY / emRead,
      clip: {
        x: (left - this.left) / emRead,
        y: (top - this.baseline) / emRead,
        width: (Math.min(box.right, seen.right) - left) / emRead,
        height: (Math.min(box.bottom, seen.bottom) - top) / emRead,
        color: null,
      },
      color: this.colour(getComputedStyle(svg).color),
    })
  }

  private bar(left: number, top: number, width: number, height: number, color: string): void {
    if (width <= 0 || height <= 0) return
    this.bars.push({
      x: (left - this.left) / emRead,
      y: (top - this.baseline) / emRead,
      width: width / emRead,
      height: height / emRead,
      color: this.colour(color),
    })
  }

  /** Null for the ink of the text around: it changes with the theme. */
  private colour(color: string): string | null {
    return color === this.ink ? null : color
  }
}

function isClear(color: string): boolean {
  return color === 'transparent' || color === 'rgba(0, 0, 0, 0)'
}

const ascents = new Map<string, number>()
let ruler: CanvasRenderingContext2D | null = null

/** From a font's baseline to the top of its line, in em. */
function ascentOf(look: string, family: string): number {
  const font = `${look} 1000px ${family}`
  let ascent = ascents.get(font)
  if (ascent === undefined) {
    ruler ??= document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D
    ruler.font = font
    ascent = ruler.measureText('x').fontBoundingBoxAscent / 1000
    ascents.set(font, ascent)
  }
  return ascent
}
