/** Which drawn node lies under a point of the screen: the same shapes that are drawn, a little more generous with small ones. */

import { cardHeight, cardInset, detailAt, lowerBound, markerRadius, rowHeight } from './geometry'
import { isDrawn, type ViewState } from './view-state'

/** The node under screen point (x, y), or null. */
export function nodeUnder(view: ViewState, x: number, y: number): number | null {
  const { camera, scene } = view
  const treeX = (x - camera.x) / camera.k
  const treeY = (y - camera.y) / camera.k
  const cards = detailAt(camera.k) === 'cards'
  const reach = cards ? cardHeight / 2 : Math.max(markerRadius * 1.6, 7 / camera.k)
  const depth = cards ? Math.floor((treeX + cardInset) / scene.pitch) : Math.round(treeX / scene.pitch)
  const column = scene.columns[depth]
  if (!column) return null
  const offset = treeX - view.scene.x(depth)
  if (cards ? offset < -cardInset || offset > view.scene.cardWidth - cardInset : Math.abs(offset) > reach) return null
  const heights = (i: number) => (column.heights[i] as number) * rowHeight
  let best: number | null = null
  let nearest = reach
  for (let i = lowerBound(column.order.length, heights, treeY - reach - rowHeight); i < column.order.length; i += 1) {
    if (heights(i) > treeY + reach + rowHeight) break
    const index = column.order[i] as number
    if (!isDrawn(view, index)) continue
    const distance = Math.abs(scene.yOf(index, view.now) - treeY)
    if (distance <= nearest) {
      best = index
      nearest = distance
    }
  }
  return best
}
