/** Nodes, in as much detail as their size on the screen allows: dots from afar, then shapes, then cards with their step. */

import { isBelowCut } from '../model/hope'
import type { TreeNode } from '../model/tree'
import type { CardText } from './card-text'
import { colourOf } from './colouring'
import type { Column } from './columns'
import { drawCard } from './draw-card'
import { drawCut, drawFold, drawHand, drawMarker, drawResampled } from './draw-marks'
import { cardInset, type Detail, detailAt, lowerBound, markerRadius, rowHeight, seen } from './geometry'
import { isDrawn, type ViewState } from './view-state'

/** Draws every node in view. The context is in tree coordinates. */
export function drawNodes(context: CanvasRenderingContext2D, view: ViewState, texts: CardText): void {
  const detail = detailAt(view.camera.k)
  const window = seen(view.camera, view.size, 40)
  for (const column of view.scene.columns) {
    if (!column) continue
    const x = view.scene.x(column.depth)
    if (x - cardInset > window.right || x + view.scene.cardWidth < window.left) continue
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
