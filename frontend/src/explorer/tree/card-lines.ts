/** A step's words on a card, with its formulas typeset: what they are made of, and how much of them there is room for. */

import { type Part, splitMath } from '../inspector/math'
import { drawFormula } from './draw-formula'
import type { Formula } from './formula'
import { cardHeight } from './geometry'
import type { ViewState } from './view-state'

/** No card has room for more letters. */
const mostLetters = 600
/** The formulas' letters are slimmer than the monospaced ones beside them. */
const enlarged = 1.14
/** From line to line, in font sizes. */
export const lineHeight = 1.32
/** What a card leaves free above a formula and below it, for its reward's line. */
const above = 2
const below = 3.5

/** The parts of a text's first line; null if there is no formula in it. A formula over several lines is one. */
export function lineParts(text: string): Part[] | null {
  const line = partsUntil(text, '\n')
  return line.some((part) => part.math) ? line : null
}

/** The parts of a text, its lines after each other. */
export function flowParts(text: string): Part[] {
  return partsUntil(text, null)
}

function partsUntil(text: string, stop: string | null): Part[] {
  const parts: Part[] = []
  let letters = 0
  for (const part of splitMath(text.slice(0, 2000).trimStart())) {
    const end = stop === null || part.math ? -1 : part.text.indexOf(stop)
    const shown = end < 0 ? part.text : part.text.slice(0, end)
    if (shown)
      parts.push(part.math ? part : { ...part, text: shown.replaceAll(/\s+/g, ' ').slice(0, mostLetters - letters) })
    letters += shown.length
    if (end >= 0 || letters >= mostLetters) break
  }
  return parts
}

/** What is known of a formula: undefined while it is being set, null if it cannot be read. */
export type Known = (source: string) => Formula | null | undefined

/** Some of the words, or a formula, at its place: the line, and from its start, in the drawing's units. */
export type Piece = { line: number; x: number } & (
  | { text: string }
  | { formula: Formula; em: number; drop: number; room: number }
)

export interface Room {
  width: number
  lines: number
  /** The font's. */
  size: number
}

type Measure = (text: string) => number

/**
 * Lays parts into `room`, in one line where they fit into one: formulas may then be as high as the card. `measure` says how
 * wide a text is. Null while a formula that would be seen is not set yet.
 */
export function layParts(parts: readonly Part[], known: Known, room: Room, measure: Measure): Piece[] | null {
  if (room.lines > 1) {
    const line = setParts(parts, known, { ...room, lines: 1 }, measure)
    if (!line.full) return line.pieces
  }
  return setParts(parts, known, room, measure).pieces
}

function setParts(
  parts: readonly Part[],
  known: Known,
  room: Room,
  measure: Measure,
): { pieces: Piece[] | null; full: boolean } {
  const setter = new Setter(room, measure)
  let waits = false
  for (const [place, part] of parts.entries()) {
    setter.last = place === parts.length - 1
    const formula = part.math ? known(part.text) : null
    if (formula === undefined) waits = true
    // What comes behind it will be wanted, too: one letter's room stands for it.
    if (formula === undefined) setter.word('0')
    else if (formula) setter.formula(formula)
    else setter.words(part.math ? part.written.replaceAll(/\s+/g, ' ') : part.text)
    if (setter.full) break
  }
  return { pieces: waits ? null : setter.pieces, full: setter.full }
}

class Setter {
  readonly pieces: Piece[] = []
  /** Whether nothing comes behind what is being set: the last line then needs no room for dots. */
  last = false
  full = false
  private line = 0
  private x = 0
  private readonly dots: number

  constructor(
    private readonly room: Room,
    private readonly measure: Measure,
  ) {
    this.dots = measure('…')
  }

  words(text: string): void {
    const { last } = this
    const words = text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []
    for (const [place, word] of words.entries()) {
      if (this.full) return
      this.last = last && place === words.length - 1
      this.word(word)
    }
  }

  word(word: string): void {
    let rest = word
    while (this.measure(rest.trimEnd()) > this.left && this.line < this.room.lines - 1) {
      rest = rest.trimStart()
      const head = this.x > 0 ? '' : shortened(rest, this.left, this.measure)
      this.put(head)
      rest = rest.slice(head.length)
      this.line += 1
      this.x = 0
    }
    if (this.x === 0) rest = rest.trimStart()
    if (this.measure(rest.trimEnd()) <= this.left) this.put(rest)
    else {
      this.put(`${shortened(rest, this.room.width - this.x - this.dots, this.measure)}…`)
      this.full = true
    }
  }

  formula(formula: Formula): void {
    const fitting = this.fitted(formula)
    const width = formula.width * fitting.em
    if (width > this.left && this.x > 0 && this.line < this.room.lines - 1) {
      this.line += 1
      this.x = 0
    }
    const { line, x } = this
    this.full = width > this.left
    const room = this.full ? Math.max(0, this.room.width - x - this.dots) : width
    this.pieces.push({ line, x, formula, ...fitting, room })
    this.x += room
    if (this.full) this.put('…')
  }

  /** The room in this line; on the last one there must be some for dots. */
  private get left(): number {
    const dots = this.line === this.room.lines - 1 && !this.last ? this.dots : 0
    return this.room.width - this.x - dots
  }

  private put(text: string): void {
    if (!text) return
    const before = this.pieces.at(-1)
    if (before && 'text' in before && before.line === this.line) before.text += text
    else this.pieces.push({ line: this.line, x: this.x, text })
    this.x += this.measure(text)
  }

  /** How large a formula is beside the text, and how far its baseline moves for it to stay in its place. */
  private fitted({ ascent, descent }: Formula): { em: number; drop: number } {
    const { size, lines } = this.room
    const [top, bottom] =
      lines === 1
        ? [above - cardHeight / 2, cardHeight / 2 - below]
        : [-0.56 * lineHeight * size, 0.56 * lineHeight * size]
    const em = Math.min(size * enlarged, (bottom - top) / (ascent + descent))
    const baseline = baselineOf(size)
    return { em, drop: Math.min(Math.max(baseline, top + ascent * em), bottom - descent * em) - baseline }
  }
}

/** From a line's middle down to the baseline of text of `size`. */
export function baselineOf(size: number): number {
  return 0.34 * size
}

function shortened(text: string, width: number, measure: Measure): string {
  let letters = Array.from(text)
  while (letters.length && measure(letters.join('')) > width)
    letters = letters.slice(0, Math.min(letters.length - 1, Math.floor(letters.length * 0.95)))
  return letters.join('')
}

/** Draws laid pieces from `x` on, their lines around height `y`. The context has the card's font and ink. */
export function drawPieces(
  context: CanvasRenderingContext2D,
  view: ViewState,
  pieces: readonly Piece[],
  x: number,
  y: number,
  size: number,
): void {
  const font = context.font
  const ink = context.fillStyle as string
  const first = y - ((pieces.at(-1)?.line ?? 0) / 2) * lineHeight * size + baselineOf(size)
  context.textBaseline = 'alphabetic'
  for (const piece of pieces) {
    const line = first + piece.line * lineHeight * size
    context.font = font
    context.fillStyle = ink
    if ('text' in piece) context.fillText(piece.text, x + piece.x, line)
    else drawFormula(context, view, piece.formula, piece.em, x + piece.x, line + piece.drop, piece.room, ink)
  }
}
