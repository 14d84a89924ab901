/** Nodes, in as much detail as their size on the screen allows: dots from afar, then shapes, then cards with their step. */

import { isBelowCut } from '../model/hope'
import type { TreeNode } from '../model/tree'
import { score } from '../words/numbers'
import type { CardText } from './card-text'
import { colourOf, shownNumber } from './colouring'
import type { Column } from './columns'
import { drawCut, drawHand, drawMarker, drawResampled } from './draw-marks'
import {
  cardHeight,
  cardInset,
  cardWidth,
  type Detail,
  detailAt,
  lowerBound,
  markerRadius,
  rowHeight,
  seen,
} from './geometry'
import { isDrawn, type ViewState } from './view-state'

/** Draws every node in view. The context is in tree coordinates. */
export function drawNodes(context: CanvasRenderingContext2D, view: ViewState, texts: CardText): void {
  const detail = detailAt(view.camera.k)
  const window = seen(view.camera, view.size, 40)
  for (const column of view.scene.columns) {
    if (!column) continue
    const x = view.scene.x(column.depth)
    if (x - cardInset > window.right || x + cardWidth < window.left) continue
    drawColumn(context, view, texts, column, detail, x, window.top, window.bottom)
  }
}

function drawColumn(
  context: CanvasRenderingContext2D,
  view: ViewState,
  texts: CardText,
  column: Column,
  detail: Detail,
  x: number,
  top: number,
  bottom: number,
): void {
  const height = (i: number) => (column.heights[i] as number) * rowHeight
  const first = lowerBound(column.order.length, height, top)
  const last = lowerBound(column.order.length, height, bottom)
  const apart = 0.8 / view.camera.k
  let drawnAt = Number.NEGATIVE_INFINITY
  for (let i = first; i < last; i += 1) {
    const index = column.order[i] as number
    if (!isDrawn(view, index)) continue
    const y = view.scene.yOf(index, view.now)
    const important = index === view.selected || view.chosen.has(index)
    if (detail === 'dots' && y - drawnAt < apart && !important) continue
    drawnAt = y
    const node = view.tree.nodes[index] as TreeNode
    context.globalAlpha = opacity(view, node)
    if (detail === 'dots') drawDot(context, view, node, x, y, important)
    else if (detail === 'shapes') drawShape(context, view, node, x, y)
    else drawCard(context, view, texts, node, x, y)
  }
  context.globalAlpha = 1
}

function opacity(view: ViewState, node: TreeNode): number {
  const present = view.scene.presence(node.index, view.now)
  if (view.dimmed(node.index)) return 0.16 * present
  return isBelowCut(view.tree, node.index) ? 0.45 * present : present
}

function drawDot(
  context: CanvasRenderingContext2D,
  view: ViewState,
  node: TreeNode,
  x: number,
  y: number,
  important: boolean,
): void {
  const size = (important ? 7 : node.status === 'pruned' ? 1.4 : 2.6) / view.camera.k
  const fill = colourOf(node, view.tree, view.colouring, view.colors)
  context.fillStyle = important
    ? view.colors.accent
    : node.status === 'pruned'
      ? view.colors['ink-faint']
      : (fill ?? view.colors.ink)
  context.fillRect(x - size / 2, y - size / 2, size, size)
}

function drawShape(context: CanvasRenderingContext2D, view: ViewState, node: TreeNode, x: number, y: number): void {
  const fill = colourOf(node, view.tree, view.colouring, view.colors)
  const unit =
    Math.min(Math.max(markerRadius, 3.6 / view.camera.k), 0.42 * rowHeight) *
    (0.5 + 0.5 * view.scene.presence(node.index, view.now))
  if (node.index === view.selected || node.index === view.hovered) drawHalo(context, view, node, x, y, unit * 1.9)
  if (node.status === 'pruned') {
    if (node.decision?.outcome === 'resampled') drawResampled(context, view, x, y, fill)
    else drawCut(context, view, node, x, y)
  } else drawMarker(context, view, node, x, y, unit, fill)
  if (node.kind === 'human') drawHand(context, view, x, y - unit * 2, unit * 2.2)
  if (view.folded.has(node.index)) drawFold(context, view, node, x + unit * 2.4, y)
}

function drawHalo(
  context: CanvasRenderingContext2D,
  view: ViewState,
  node: TreeNode,
  x: number,
  y: number,
  radius: number,
): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fillStyle = view.colors['accent-wash']
  context.fill()
  context.lineWidth = 1.5 / view.camera.k
  context.strokeStyle = node.index === view.selected ? view.colors.accent : view.colors['hairline-strong']
  context.stroke()
}

function drawCard(
  context: CanvasRenderingContext2D,
  view: ViewState,
  texts: CardText,
  node: TreeNode,
  x: number,
  y: number,
): void {
  const { colors, fonts } = view
  const fill = colourOf(node, view.tree, view.colouring, colors)
  const gone = node.status === 'pruned'
  const left = x - cardInset
  const top = y - cardHeight / 2
  if (!gone || node.index === view.selected || node.index === view.hovered) drawBox(context, view, node, left, top)
  if (!gone) drawRewardLine(context, node, left, top, fill)
  if (gone && node.decision?.outcome === 'resampled') drawResampled(context, view, x, y, fill)
  else if (gone) drawCut(context, view, node, x, y)
  else drawMarker(context, view, node, x, y, markerRadius, fill)

  const number = shownNumber(node, view.colouring)
  const figure = number === null ? '' : view.colouring === 'visits' ? String(number) : score(number)
  context.textBaseline = 'middle'
  context.textAlign = 'right'
  context.font = `500 10.5px ${fonts.mono}`
  context.fillStyle = gone ? colors['ink-faint'] : colors['ink-soft']
  context.fillText(figure, left + cardWidth - 8, y + 0.5)
  context.textAlign = 'left'
  context.font = `${node.index === 0 ? 600 : 400} 10.75px ${fonts.mono}`
  context.fillStyle = gone ? colors['ink-faint'] : colors.ink
  const cut = gone && node.decision?.outcome !== 'resampled'
  const start = x + (cut ? 17 : 12)
  const human = node.kind === 'human' ? 14 : 0
  // Room for a number is kept from the start, so that text does not change when its reward arrives.
  const room = cardWidth - cardInset - (start - x) - human - (node.index === 0 ? 8 : 40)
  context.fillText(texts.fit(context, node.index, node.text, room), start, y + 0.5)
  if (human) drawHand(context, view, left + cardWidth - figure.length * 6.6 - 20, y, 11)
  if (view.folded.has(node.index)) drawFold(context, view, node, left + cardWidth + 4, y)
}

function drawBox(context: CanvasRenderingContext2D, view: ViewState, node: TreeNode, left: number, top: number): void {
  const { colors } = view
  const selected = node.index === view.selected
  context.beginPath()
  context.roundRect(left, top, cardWidth, cardHeight, 4)
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
  node: TreeNode,
  left: number,
  top: number,
  fill: string | null,
): void {
  if (node.reward === null || fill === null) return
  const length = (cardWidth - 8) * Math.min(1, Math.max(0, node.reward))
  context.fillStyle = fill
  context.fillRect(left + 4, top + cardHeight - 2.5, length, 2)
}

/** Says how much a folded node hides. */
function drawFold(context: CanvasRenderingContext2D, view: ViewState, node: TreeNode, x: number, y: number): void {
  context.font = `600 10px ${view.fonts.sans}`
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillStyle = view.colors['ink-soft']
  context.fillText(`+${node.children.length}`, x, y + 0.5)
}
