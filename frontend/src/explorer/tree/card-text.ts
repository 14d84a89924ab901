/** A step's first line, cut to a card's width. Measured once per node; most text is monospaced ASCII and needs no measuring. */

const plain = /^[\x20-\x7e]*$/

export class CardText {
  private readonly cut = new Map<number, { text: string; letters: number }>()
  private advance = 0

  /** Forgets everything: the font arrived, or changed. */
  clear(): void {
    this.cut.clear()
    this.advance = 0
  }

  /** What fits into `width` at font size `size`. `context.font` must be the card's font at that size. */
  fit(context: CanvasRenderingContext2D, node: number, text: string, width: number, size: number): string {
    this.advance ||= context.measureText('0000000000').width / 10 / size
    const letters = Math.max(1, Math.floor(width / (this.advance * size)))
    const known = this.cut.get(node)
    if (known?.letters === letters) return known.text
    const fitted = shorten(context, firstLine(text), width, letters)
    this.cut.set(node, { text: fitted, letters })
    return fitted
  }
}

/** The first line with something on it; at most 200 characters are looked at. */
export function firstLine(text: string): string {
  const head = text.slice(0, 2000).trimStart()
  const end = head.indexOf('\n')
  const line = end < 0 ? head : head.slice(0, end)
  return line.slice(0, 200).replaceAll('\t', ' ')
}

function shorten(context: CanvasRenderingContext2D, line: string, width: number, room: number): string {
  if (plain.test(line)) return line.length <= room ? line : `${line.slice(0, room - 1)}…`
  const whole = Array.from(line)
  let letters = whole
  while (letters.length > 1 && context.measureText(`${letters.join('')}…`).width > width) {
    letters = letters.slice(0, Math.max(1, Math.floor(letters.length * 0.85)))
  }
  return letters.length === whole.length ? line : `${letters.join('')}…`
}
