/**
 * Takes the strokes that are meant for a canvas and writes them down as SVG, so that a saved picture is drawn by the same
 * code as the page. Only what the drawing of the tree uses is understood.
 */

const round = (value: number): string => String(Math.round(value * 100) / 100)

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** Text that XML can hold: it has no control characters and no halves of letters, model text may have any. */
export function escaped(text: string): string {
  let written = ''
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    const control = code < 32 && code !== 9 && code !== 10 && code !== 13
    const half = (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff
    written += control || half ? '�' : (escapes[letter] ?? letter)
  }
  return written
}

/** Stands in for a Path2D. */
export class SvgPath {
  constructor(public d = '') {}

  moveTo(x: number, y: number): void {
    this.d += `M${round(x)} ${round(y)}`
  }

  lineTo(x: number, y: number): void {
    this.d += `L${round(x)} ${round(y)}`
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.d += `C${round(x1)} ${round(y1)} ${round(x2)} ${round(y2)} ${round(x)} ${round(y)}`
  }

  /** A full circle; the tree has no other arcs. */
  arc(x: number, y: number, radius: number): void {
    const r = round(radius)
    this.d += `M${round(x - radius)} ${round(y)}a${r} ${r} 0 1 0 ${round(2 * radius)} 0a${r} ${r} 0 1 0 ${round(-2 * radius)} 0`
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.d += `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`
  }

  roundRect(x: number, y: number, width: number, height: number, radius: number): void {
    const r = round(radius)
    const [w, h] = [round(width - 2 * radius), round(height - 2 * radius)]
    this.d += `M${round(x + radius)} ${round(y)}h${w}a${r} ${r} 0 0 1 ${r} ${r}v${h}a${r} ${r} 0 0 1 -${r} ${r}`
    this.d += `h-${w}a${r} ${r} 0 0 1 -${r} -${r}v-${h}a${r} ${r} 0 0 1 ${r} -${r}z`
  }
}

const anchors: Record<string, string> = { left: 'start', right: 'end', center: 'middle' }

/** Stands in for a CanvasRenderingContext2D. */
export class SvgContext {
  fillStyle = '#000'
  strokeStyle = '#000'
  lineWidth = 1
  lineCap = 'butt'
  font = '10px sans-serif'
  textAlign = 'left'
  textBaseline = 'alphabetic'
  textRendering = 'auto'
  globalAlpha = 1
  private readonly parts: string[] = []
  private path = new SvgPath()
  private dash: number[] = []
  private groups = 0
  private clips = 0
  private readonly saved: number[] = []

  constructor(
    private readonly width: number,
    private readonly height: number,
    /** What a letter's width is measured with. */
    private readonly ruler: Pick<CanvasRenderingContext2D, 'font' | 'measureText'>,
    /** The path data of shapes that the drawing code keeps as Path2D. */
    private readonly shapes: ReadonlyMap<unknown, string>,
  ) {}

  /** The whole drawing. */
  text(): string {
    const size = `width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}"`
    const ends = '</g>'.repeat(this.groups)
    return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>\n${this.parts.join('\n')}\n${ends}</svg>\n`
  }

  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.parts.push('</g>'.repeat(this.groups))
    this.groups = 0
    this.open(`matrix(${[a, b, c, d, e, f].join(' ')})`)
  }

  save(): void {
    this.saved.push(this.groups)
  }

  restore(): void {
    const before = this.saved.pop() ?? this.groups
    this.parts.push('</g>'.repeat(this.groups - before))
    this.groups = before
  }

  /** What is drawn until `restore` shows only inside the path. */
  clip(): void {
    this.clips += 1
    this.parts.push(
      `<clipPath id="clip${this.clips}"><path d="${this.path.d}"/></clipPath><g clip-path="url(#clip${this.clips})">`,
    )
    this.groups += 1
  }

  translate(x: number, y: number): void {
    this.open(`translate(${round(x)} ${round(y)})`)
  }

  scale(x: number, y: number): void {
    this.open(`scale(${x} ${y})`)
  }

  setLineDash(dash: number[]): void {
    this.dash = dash
  }

  beginPath(): void {
    this.path = new SvgPath()
  }

  moveTo(x: number, y: number): void {
    this.path.moveTo(x, y)
  }

  lineTo(x: number, y: number): void {
    this.path.lineTo(x, y)
  }

  arc(x: number, y: number, radius: number): void {
    this.path.arc(x, y, radius)
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.path.rect(x, y, width, height)
  }

  roundRect(x: number, y: number, width: number, height: number, radius: number): void {
    this.path.roundRect(x, y, width, height, radius)
  }

  fill(path?: unknown): void {
    this.shape(path, `fill="${escaped(this.fillStyle)}"`)
  }

  stroke(path?: unknown): void {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map((length) => round(length)).join(' ')}"` : ''
    const cap = this.lineCap === 'butt' ? '' : ` stroke-linecap="${this.lineCap}"`
    const width = Math.round(this.lineWidth * 1e4) / 1e4
    this.shape(path, `fill="none" stroke="${escaped(this.strokeStyle)}" stroke-width="${width}"${dash}${cap}`)
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const rect = new SvgPath()
    rect.rect(x, y, width, height)
    this.shape(rect, `fill="${escaped(this.fillStyle)}"`)
  }

  fillText(text: string, x: number, y: number): void {
    if (!text) return
    const baseline = this.textBaseline === 'middle' ? ' dominant-baseline="central"' : ''
    const anchor = anchors[this.textAlign] ?? 'start'
    const place = `x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${baseline}`
    const look = `fill="${escaped(this.fillStyle)}"${this.opacity} style="font:${escaped(this.font)};white-space:pre"`
    this.parts.push(`<text ${place} ${look}>${escaped(text)}</text>`)
  }

  measureText(text: string): TextMetrics {
    this.ruler.font = this.font
    return this.ruler.measureText(text)
  }

  /** A picture of pixels that covers everything, as a PNG's data address. */
  image(address: string): void {
    this.parts.push(`<image width="${this.width}" height="${this.height}" href="${escaped(address)}"/>`)
  }

  private get opacity(): string {
    return this.globalAlpha < 1 ? ` opacity="${round(this.globalAlpha)}"` : ''
  }

  private open(transform: string): void {
    this.parts.push(`<g transform="${transform}">`)
    this.groups += 1
  }

  private shape(path: unknown, look: string): void {
    const d = path === undefined ? this.path.d : path instanceof SvgPath ? path.d : (this.shapes.get(path) ?? '')
    if (d) this.parts.push(`<path d="${d}" ${look}${this.opacity}/>`)
  }
}
