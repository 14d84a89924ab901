/** Which nodes a tree shows from afar: of those that fall on one pixel of a column, the one with the best below it. */

import type { Column } from './columns'
import { lowerBound, rowHeight, seen } from './geometry'
import { hidden, type Paints } from './paints'
import type { ViewState } from './view-state'

/** Shades that the eye can tell apart; what is equally good keeps its order. */
const ranks = 64
/** Left out, whatever else is there. */
const absent = -2

export class FarNodes {
  /** Per column what is best below its nodes, in the column's order: read from front to back at every frame. */
  private readonly columns = new Map<Column, Float32Array>()
  private of = ''
  private shown = new Int32Array(1024)
  private readonly ends = new Int32Array(ranks + 2)

  /** The column's nodes to draw, those with the best below them last, so that they lie on top. */
  inView(view: ViewState, paints: Paints, column: Column): Int32Array {
    const { camera, pixelRatio } = view
    // Branches reach into the window from nodes outside it: a window's height beyond is near enough from afar.
    const window = seen(camera, view.size, view.size.height)
    const { order, heights } = column
    const count = Math.min(order.length, heights.length)
    const y = (i: number) => (heights[i] as number) * rowHeight
    const last = lowerBound(count, y, window.bottom)
    const scale = rowHeight * camera.k * pixelRatio
    const best = this.bestOf(view, paints, column)
    if (this.shown.length < count) this.shown = new Int32Array(2 * count)
    const { shown } = this
    let many = 0
    let greatest = absent
    let line = Number.NaN
    for (let i = lowerBound(count, y, window.top); i < last; i += 1) {
      const own = best[i] as number
      if (own === absent) continue
      const at = Math.floor((heights[i] as number) * scale + 0.5)
      if (at !== line) many += 1
      else if (own <= greatest) continue
      line = at
      greatest = own
      shown[many - 1] = i
    }
    return this.ranked(column, best, many)
  }

  private bestOf(view: ViewState, paints: Paints, column: Column): Float32Array {
    const of = `${view.scene.version} ${paints.version}`
    if (of !== this.of) this.columns.clear()
    this.of = of
    const known = this.columns.get(column)
    if (known) return known
    const placed = Math.min(view.tree.nodes.length, view.scene.placed)
    const best = new Float32Array(column.order.length)
    for (let i = 0; i < best.length; i += 1) {
      const node = column.order[i] as number
      best[i] = node < placed && paints.branches[node] !== hidden ? (paints.best[node] as number) : absent
    }
    this.columns.set(column, best)
    return best
  }

  /** Counted into ranks, for a sort by comparing costs a frame. */
  private ranked({ order }: Column, best: Float32Array, many: number): Int32Array {
    const { ends, shown } = this
    const rank = (place: number): number => {
      const value = best[place] as number
      return value < 0 ? 0 : 1 + Math.min(ranks - 1, (value * (ranks - 1)) | 0)
    }
    ends.fill(0)
    for (let i = 0; i < many; i += 1) {
      const at = rank(shown[i] as number) + 1
      ends[at] = (ends[at] as number) + 1
    }
    for (let i = 1; i < ends.length; i += 1) ends[i] = (ends[i] as number) + (ends[i - 1] as number)
    const nodes = new Int32Array(many)
    for (let i = 0; i < many; i += 1) {
      const place = shown[i] as number
      const at = rank(place)
      nodes[ends[at] as number] = order[place] as number
      ends[at] = (ends[at] as number) + 1
    }
    return nodes
  }
}
