/** A node up close: a card with its step, its reward as number and line, and the signs it wears. */

import type { TreeNode } from '../model/tree'
import { score } from '../words/numbers'
import { drawPieces, layParts, lineHeight } from './card-lines'
import type { CardText } from './card-text'
import { colourOf, shownNumber } from './colouring'
import {
  drawBookmark,
  drawCut,
  drawFold,
  drawHand,
  drawMarker,
  drawResampled,
  drawTwins,
  drawVisited,
  sizeOf,
} from './draw-marks'
import { formulas } from './formulas'
import { cardHeight, cardInset, markerRadius } from './geometry'
import type { ViewState } from './view-state'

/** Text is drawn no smaller than this many pixels of the screen: from afar a card says less, but stays readable. */
const leastText = 8.4
/** A card's letters, in the tree's units, until they are `readingSize` pixels large: nearer, they stay so, and there is room for more of them. */
const plainSize = 10.75
const readingSize = 15

/** Nearer than this, formulas are typeset: from further away their indices and fractions could not be read. */
const mathFrom = 0.5

/** What is counted is shown whole. */
const counts: ReadonlySet<string> = new Set(['visits', 'tokens'])

export function drawCard(
  context: CanvasRenderingContext2D,
  view: ViewState,
  texts: CardText,
  node: TreeNode,
  x: number,
  y: number,
): void {
  const fill = colourOf(node, view.tree, view.colouring, view.colors, view.labelOf)
  const gone = node.status === 'pruned'
  const left = x - cardInset
  const top = y - cardHeight / 2
  if (!gone || node.index === view.selected || node.index === view.hovered) drawBox(context, view, node, left, top)
  if (!gone) drawRewardLine(context, view, node, left, top, fill)
  const unit = Math.min(8.5, Math.max(markerRadius, 3.2 / view.camera.k) * sizeOf(view, node))
  if (gone && node.decision?.outcome === 'resampled') drawResampled(context, view, x, y, fill)
  else if (gone) drawCut(context, view, node, x, y)
  else drawMarker(context, view, node, x, y, unit, fill)
  drawWords(context, view, texts, node, x, y)
  if (view.visited.has(node.index)) drawVisited(context, view, x, y + cardHeight / 2 - 3.5, 5)
  const many = view.twins.many(view.tree, node)
  if (many > 1) drawTwins(context, view, many, left + view.scene.cardWidth, top)
  if (view.bookmarked.has(node.index)) drawBookmark(context, view, left - 2, top - 1, 9)
  if (view.folded.has(node.index)) drawFold(context, view, node, left + view.scene.cardWidth + 4, y)
}

function drawWords(
  context: CanvasRenderingContext2D,
  view: ViewState,
  texts: CardText,
  node: TreeNode,
  x: number,
  y: number,
): void {
  const { colors, fonts, camera } = view
  const size = Math.max(Math.min(plainSize, readingSize / camera.k), leastText / camera.k)
  const lines = Math.max(1, Math.floor((cardHeight - 4) / (lineHeight * size)))
  const gone = node.status === 'pruned'
  // Nearer, there is room for how often the node was visited, too.
  const visits = lines > 1 && node.visits > 0 && view.colouring !== 'visits' ? `N ${node.visits}` : ''
  const figureWidth = node.index === 0 ? 0 : size * Math.max(2.6, 0.62 * visits.length)
  const right = x - cardInset + view.scene.cardWidth - 8
  const number = shownNumber(node, view.tree, view.colouring)
  const figure = number === null ? '' : counts.has(view.colouring) ? String(number) : score(number)
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  context.font = `500 ${size}px ${fonts.mono}`
  context.fillStyle = gone ? colors['ink-faint'] : colors['ink-soft']
  const apart = visits ? (lineHeight * size) / 2 : 0
  if (figureWidth) context.fillText(figure, right, y + 0.5 - apart)
  if (visits) context.fillText(visits, right, y + 0.5 + apart)
  const hand = node.kind === 'human' ? size * 1.3 : 0
  if (hand) drawHand(context, view, right - figureWidth - hand / 2, y, size * 1.05)
  context.textAlign = 'left'
  context.font = `${node.index === 0 ? 600 : 400} ${size}px ${fonts.mono}`
  context.fillStyle = gone ? colors['ink-faint'] : colors.ink
  const cut = gone && node.decision?.outcome !== 'resampled'
  const start = x + (cut ? size * 1.5 : size * 0.55 + 6)
  // Room for a number is kept from the start, so that text does not change when its reward arrives.
  const room = right - figureWidth - hand - start - size * 0.4
  const parts = camera.k < mathFrom ? null : texts.parts(node.index, node.text, lines > 1)
  const measure = (text: string) => texts.widthOf(context, text, size)
  const laid = parts && layParts(parts, (source) => formulas.get(source), { width: room, lines, size }, measure)
  if (laid) drawPieces(context, view, laid, start, y + 0.5, size)
  else context.fillText(texts.fit(context, node.index, node.text, room, size), start, y + 0.5)
}

function drawBox(context: CanvasRenderingContext2D, view: ViewState, node: TreeNode, left: number, top: number): void {
  const { colors } = view
  const selected = node.index === view.selected
  context.beginPath()
  context.roundRect(left, top, view.scene.cardWidth, cardHeight, 4)
  context.fillStyle = selected ? colors['accent-wash'] : colors.surface
  context.fill()
  const strong = selected || view.chosen.has(node.index)
  context.strokeStyle = strong
    ? colors.accent
    : node.index === view.hovered
      ? colors['ink-soft']
      : colors['hairline-strong']
  context.lineWidth = selected ? 2 : strong ? 1.6 : 1
  context.stroke()
}

/** The reward as a thin line on the card's lower edge: length and colour say the same. */
function drawRewardLine(
  context: CanvasRenderingContext2D,
  view: ViewState,
  node: TreeNode,
  left: number,
  top: number,
  fill: string | null,
): void {
  if (node.reward === null || !Number.isFinite(node.reward) || fill === null) return
  const length = (view.scene.cardWidth - 8) * Math.min(1, Math.max(0, node.reward))
  context.fillStyle = fill
  context.fillRect(left + 4, top + cardHeight - 2.5, length, 2)
}
