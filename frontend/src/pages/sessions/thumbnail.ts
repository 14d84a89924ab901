/** Draws a small tree without words: branches in the colour of their step's reward, pruned ones pale, the chosen path on top. */

import type { Colors } from '../../design/colors'
import { rewardColor } from '../../design/reward-scale'
import type { Tree } from '../../explorer/model/tree'
import { Columns } from '../../explorer/tree/columns'

/** Larger trees would be a smear, and megabytes to fetch for a stamp. */
export const MOST_NODES = 3000

interface Room {
  width: number
  height: number
}

/** Where each node lies in the room, margins of 3 pixels left free. */
export function placesOf(tree: Tree, { width, height }: Room): { x: number; y: number }[] {
  const parents = tree.nodes.map((node) => node.parents[0] ?? -1)
  const depths = tree.nodes.map((node) => node.depth)
  const rows: number[] = []
  for (const column of new Columns().add(parents, depths))
    for (let i = 0; i < column.order.length; i += 1) rows[column.order[i] as number] = column.heights[i] as number
  const deepest = Math.max(1, ...new Set(depths))
  let [top, bottom] = [0, 0]
  for (const row of rows) {
    if (row < top) top = row
    if (row > bottom) bottom = row
  }
  const tall = Math.min(6, (height - 6) / Math.max(1, bottom - top))
  const middle = (top + bottom) / 2
  return rows.map((row, node) => ({
    x: 3 + ((depths[node] as number) / deepest) * (width - 6),
    y: height / 2 + (row - middle) * tall,
  }))
}

export function drawThumbnail(context: CanvasRenderingContext2D, tree: Tree, room: Room, colors: Colors): void {
  const places = placesOf(tree, room)
  context.clearRect(0, 0, room.width, room.height)
  const branch = (node: number, color: string, width: number) => {
    const [to, from] = [places[node], places[tree.nodes[node]?.parents[0] ?? -1]]
    if (!to || !from) return
    context.strokeStyle = color
    context.lineWidth = width
    context.beginPath()
    context.moveTo(from.x, from.y)
    const middle = (from.x + to.x) / 2
    context.bezierCurveTo(middle, from.y, middle, to.y, to.x, to.y)
    context.stroke()
  }
  for (const { index } of tree.nodes) if (tree.hope.cut[index]) branch(index, colors.hairline, 0.75)
  for (const { index, reward } of tree.nodes)
    if (!tree.hope.cut[index]) branch(index, rewardColor(reward) ?? colors['hairline-strong'], 1)
  for (const node of tree.chosen) branch(node, colors.accent, 2)
  const end = places[tree.chosen.at(-1) ?? -1]
  if (!end) return
  context.fillStyle = colors.accent
  context.fillRect(end.x - 2, end.y - 2, 4, 4)
}
