/** A step's first line, cut to a card's width. Measured once per node; most text is monospaced ASCII and needs no measuring. */

import { mayHoldMath, type Part } from '../inspector/math'
import { flowParts, lineParts } from './card-lines'

const plain = /^[\x20-\x7e]*$/

export class CardText {
  private readonly cut = new Map<number, { text: string; letters: number }>()
  private readonly split = new Map<number, { text: string; more: boolean; parts: Part[] | null }>()
  private advance = 0

  /** Forgets everything: the font arrived, or changed. */
  clear(): void {
    this.cut.clear()
    this.advance = 0
  }

  /** What fits into `width` at font size `size`. `context.font` must be the card's font at that size. */
  fit(context: CanvasRenderingContext2D, node: number, text: string, width: number, size: number): string {
    this.learn(context, size)
    const letters = Math.max(1, Math.floor(width / (this.advance * size)))
    const known = this.cut.get(node)
    if (known?.letters === letters) return known.text
    const fitted = shorten(context, firstLine(text), width, letters)
    this.cut.set(node, { text: fitted, letters })
    return fitted
  }

  /** The parts of a node's first line where it has formulas, null where it has none; of its whole text where there is `more` room. */
  parts(node: number, text: string, more = false): Part[] | null {
    const known = this.split.get(node)
    if (known?.text === text && known.more === more) return known.parts
    const parts = more ? flowParts(text) : mayHoldMath(text) ? lineParts(text) : null
    this.split.set(node, { text, more, parts })
    return parts
  }

  /** How wide a text is in the card's font at font size `size`, which `context` must have. */
  widthOf(context: CanvasRenderingContext2D, text: string, size: number): number {
    this.learn(context, size)
    return plain.test(text) ? text.length * this.advance * size : context.measureText(text).width
  }

  private learn(context: CanvasRenderingContext2D, size: number): void {
    this.advance ||= context.measureText('0000000000').width / 10 / size
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
