/**
 * Lays the tree out in columns, one per depth, left to right, like an espalier's tiers.
 *
 * A new node is placed as near to its parent's height as the room allows; what is already drawn moves only when it must
 * give room, and keeps its order, so lines never cross and the eye never loses its place. Placing one column is a weighted
 * isotonic regression (pool adjacent violators) of the wished heights under minimal gaps: linear time, no recursion.
 * Heights are in rows: two siblings lie one row apart.
 */

import { grown } from './grown'
import { Settling, siblingGap } from './settling'

/** What is drawn resists being moved this many times more than what is new. */
const inertia = 1e6

export interface Column {
  depth: number
  /** Nodes from top to bottom. */
  order: Int32Array
  /** Their heights, in rows. */
  heights: Float32Array
}

export class Columns {
  private parent = new Int32Array(1024)
  private height = new Float64Array(1024)
  private lastChild = new Int32Array(1024)
  /** Where a node stands in its column, while a whole tree is put in order. */
  private rank = new Int32Array(0)
  /** Of a node's children: their heights' sum, and how many there are. */
  private sum = new Float64Array(0)
  private many = new Int32Array(0)
  private columns: Int32Array[] = []
  private room = new Settling(0)
  private count = 0

  get size(): number {
    return this.count
  }

  heightOf(node: number): number {
    return this.height[node] as number
  }

  /** Adds nodes in index order (`parents[i]` −1 for a root); answers the columns that changed. */
  add(parents: ArrayLike<number>, depths: ArrayLike<number>): Column[] {
    const from = this.count
    const fresh = new Map<number, number[]>()
    this.count += parents.length
    this.parent = grown(this.parent, this.count)
    this.height = grown(this.height, this.count)
    this.lastChild = grown(this.lastChild, this.count)
    for (let i = 0; i < parents.length; i += 1) {
      const depth = depths[i] as number
      this.parent[from + i] = parents[i] as number
      this.lastChild[from + i] = -1
      const column = fresh.get(depth)
      if (column) column.push(from + i)
      else fresh.set(depth, [from + i])
    }
    const changed = [...fresh.keys()].sort((a, b) => a - b)
    if (from === 0) this.rank = new Int32Array(this.count)
    for (const depth of changed) this.insert(depth, fresh.get(depth) as number[], from)
    this.rank = new Int32Array(0)
    // A whole tree arriving at once has nothing on the screen to hold still for: centre parents over their children.
    if (from === 0 && this.count > 1) return this.tidy()
    return changed.map((depth) => this.describe(depth))
  }

  /** Straightens the whole tree: parents centred over children, children over parents; order is kept. */
  tidy(): Column[] {
    for (let sweep = 0; sweep < 3; sweep += 1) {
      for (let depth = this.columns.length - 1; depth >= 0; depth -= 1) this.centreOnChildren(depth)
      for (let depth = 1; depth < this.columns.length; depth += 1) this.centreOnParents(depth)
    }
    return this.columns.map((_, depth) => this.describe(depth))
  }

  private insert(depth: number, fresh: number[], from: number): void {
    while (this.columns.length <= depth) this.columns.push(new Int32Array(0))
    const order = from === 0 ? this.inOrder(depth, fresh) : this.merged(this.columns[depth] as Int32Array, fresh)
    const { wished, weight } = this.settling(order.length)
    for (let i = 0; i < order.length; i += 1) {
      const node = order[i] as number
      if (node < from) {
        wished[i] = this.height[node] as number
        weight[i] = inertia
      } else {
        const block = this.blockEnd(order, i, from)
        this.wishBlock(order, i, block, wished, weight)
        i = block - 1
      }
    }
    this.columns[depth] = order
    this.settle(order)
    for (const node of fresh) if ((this.parent[node] as number) >= 0) this.lastChild[this.parent[node] as number] = node
  }

  /** A whole column at once, in the order of the parents: as many steps as there are nodes, and no comparing. */
  private inOrder(depth: number, fresh: number[]): Int32Array {
    const above = depth > 0 ? (this.columns[depth - 1] as Int32Array).length : 0
    const starts = new Int32Array(above + 2)
    // A parent in another column than the one before (of an odd journal), or none at all, counts as the first.
    const place = (node: number): number => {
      const parent = this.parent[node] as number
      return parent < 0 ? 0 : (this.rank[parent] as number) + 1
    }
    for (const node of fresh) {
      const at = place(node)
      if (at + 1 < starts.length) starts[at + 1] = (starts[at + 1] as number) + 1
      else return this.ranked(this.merged(new Int32Array(0), fresh))
    }
    for (let i = 1; i < starts.length; i += 1) starts[i] = (starts[i] as number) + (starts[i - 1] as number)
    const order = new Int32Array(fresh.length)
    for (const node of fresh) {
      const at = place(node)
      order[starts[at] as number] = node
      starts[at] = (starts[at] as number) + 1
    }
    return this.ranked(order)
  }

  private ranked(order: Int32Array): Int32Array {
    for (let i = 0; i < order.length; i += 1) this.rank[order[i] as number] = i
    return order
  }

  /** New nodes from `start` that share a parent end before the answered position. */
  private blockEnd(order: Int32Array, start: number, from: number): number {
    const parent = this.parent[order[start] as number]
    let end = start + 1
    while (end < order.length && (order[end] as number) >= from && this.parent[order[end] as number] === parent)
      end += 1
    return end
  }

  private wishBlock(order: Int32Array, start: number, end: number, wished: Float64Array, weight: Float64Array): void {
    const parent = this.parent[order[start] as number] as number
    const elder = parent < 0 ? -1 : (this.lastChild[parent] as number)
    const centre = parent < 0 ? 0 : (this.height[parent] as number)
    const first =
      elder >= 0 ? (this.height[elder] as number) + siblingGap : centre - ((end - start - 1) * siblingGap) / 2
    for (let i = start; i < end; i += 1) {
      wished[i] = first + (i - start) * siblingGap
      weight[i] = 1
    }
  }

  /** What is there keeps its order; what is new is put between. */
  private merged(left: Int32Array, fresh: number[]): Int32Array {
    const right = fresh.sort(this.byParent)
    const order = new Int32Array(left.length + right.length)
    let [i, j] = [0, 0]
    for (let at = 0; at < order.length; at += 1) {
      const old = j >= right.length || (i < left.length && this.byParent(left[i] as number, right[j] as number) <= 0)
      order[at] = (old ? left[i++] : right[j++]) as number
    }
    return order
  }

  private readonly byParent = (left: number, right: number): number => {
    const above = this.parent[left] as number
    const below = this.parent[right] as number
    if (above === below || above < 0 || below < 0) return left - right
    return (this.height[above] as number) - (this.height[below] as number) || above - below
  }

  private centreOnChildren(depth: number): void {
    const order = this.columns[depth] as Int32Array
    const below = this.columns[depth + 1]
    const { wished, weight } = this.settling(order.length)
    this.sum = grown(this.sum, this.count)
    this.many = grown(this.many, this.count)
    const { parent, height, sum, many } = this
    for (let i = 0; i < order.length; i += 1) {
      sum[order[i] as number] = 0
      many[order[i] as number] = 0
    }
    for (let i = 0; below && i < below.length; i += 1) {
      const child = below[i] as number
      const above = parent[child] as number
      sum[above] = (sum[above] as number) + (height[child] as number)
      many[above] = (many[above] as number) + 1
    }
    for (let i = 0; i < order.length; i += 1) {
      const node = order[i] as number
      const count = many[node] as number
      wished[i] = count ? (sum[node] as number) / count : (height[node] as number)
      weight[i] = count || 0.2
    }
    this.settle(order)
  }

  private centreOnParents(depth: number): void {
    const order = this.columns[depth] as Int32Array
    const { wished, weight } = this.settling(order.length)
    for (let start = 0; start < order.length; ) {
      const end = this.blockEnd(order, start, 0)
      const parent = this.parent[order[start] as number] as number
      const centre = parent < 0 ? 0 : (this.height[parent] as number)
      for (let i = start; i < end; i += 1) {
        wished[i] = centre + (i - start - (end - start - 1) / 2) * siblingGap
        weight[i] = 1
      }
      start = end
    }
    this.settle(order)
  }

  private settling(count: number): Settling {
    if (this.room.wished.length < count) this.room = new Settling(2 * count)
    return this.room
  }

  private settle(order: Int32Array): void {
    this.room.settle(order, this.parent, this.height)
  }

  private describe(depth: number): Column {
    const order = (this.columns[depth] as Int32Array).slice()
    const heights = new Float32Array(order.length)
    for (let i = 0; i < order.length; i += 1) heights[i] = this.height[order[i] as number] as number
    return { depth, order, heights }
  }
}
