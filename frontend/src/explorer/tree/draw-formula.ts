/** Draws a typeset formula (formula.ts): letters, bars, and the shapes of roots, braces and arrows. */

import type { Formula } from './formula'
import type { ViewState } from './view-state'

/** Draws it with its baseline at `y`, in `ink` where it has no colour of its own. What reaches over `room` is left out. */
export function drawFormula(
  context: CanvasRenderingContext2D,
  view: Pick<ViewState, 'newPath'>,
  formula: Formula,
  em: number,
  x: number,
  y: number,
  room: number,
  ink: string,
): void {
  const end = room / em + 0.01
  for (const letters of formula.letters) {
    if (letters.x + letters.width > end) continue
    context.fillStyle = letters.color ?? ink
    context.font = `${letters.style} ${Math.round(letters.size * em * 100) / 100}px ${letters.family}`
    context.fillText(letters.text, x + letters.x * em, y + letters.y * em)
  }
  for (const bar of formula.bars) {
    const width = Math.min(bar.width, end - bar.x)
    if (width <= 0) continue
    context.fillStyle = bar.color ?? ink
    context.fillRect(x + bar.x * em, y + bar.y * em, width * em, Math.max(bar.height * em, 0.5))
  }
  for (const { clip, ...shape } of formula.shapes) {
    if (clip.x + clip.width > end) continue
    context.save()
    context.beginPath()
    context.rect(x + clip.x * em, y + clip.y * em, clip.width * em, clip.height * em)
    context.clip()
    context.translate(x + shape.x * em, y + shape.y * em)
    context.scale(shape.scaleX * em, shape.scaleY * em)
    context.fillStyle = shape.color ?? ink
    context.fill(view.newPath(shape.d))
    context.restore()
  }
}
