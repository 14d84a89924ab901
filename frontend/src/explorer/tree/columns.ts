/**
 * Lays the tree out in columns, one per depth, left to right, like an espalier's tiers.
 *
 * A new node is placed as near to its parent's height as the room allows; what is already drawn moves only when it must
 * give room, and keeps its order, so lines never cross and the eye never loses its place. Placing one column is a weighted
 * isotonic regression (pool adjacent violators) of the wished heights under minimal gaps: linear time, no recursion.
 * Heights are in rows: two siblings lie one row apart.
 */

const siblingGap = 1
const cousinGap = 1.35
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
  private readonly parent: number[] = []
  private readonly depth: number[] = []
  private readonly height: number[] = []
  private readonly lastChild: number[] = []
  private columns: number[][] = []

  get size(): number {
    return this.parent.length
  }

  heightOf(node: number): number {
    return this.height[node] as number
  }

  /** Adds nodes in index order (`parents[i]` −1 for a root); answers the columns that changed. */
  add(parents: ArrayLike<number>, depths: ArrayLike<number>): Column[] {
    const from = this.size
    const fresh = new Map<number, number[]>()
    for (let i = 0; i < parents.length; i += 1) {
      const depth = depths[i] as number
      this.parent.push(parents[i] as number)
      this.depth.push(depth)
      this.height.push(Number.NaN)
      this.lastChild.push(-1)
      const column = fresh.get(depth)
      if (column) column.push(from + i)
      else fresh.set(depth, [from + i])
    }
    const changed = [...fresh.keys()].sort((a, b) => a - b)
    for (const depth of changed) this.insert(depth, fresh.get(depth) as number[], from)
    // A whole tree arriving at once has nothing on the screen to hold still for: centre parents over their children.
    if (from === 0 && this.size > 1) return this.tidy()
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
    while (this.columns.length <= depth) this.columns.push([])
    const order = merge(this.columns[depth] as number[], fresh.sort(this.byParent), this.byParent)
    const wished = new Float64Array(order.length)
    const weight = new Float64Array(order.length)
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
    this.settle(order, wished, weight)
    for (const node of fresh) if ((this.parent[node] as number) >= 0) this.lastChild[this.parent[node] as number] = node
  }

  /** New nodes from `start` that share a parent end before the answered position. */
  private blockEnd(order: number[], start: number, from: number): number {
    const parent = this.parent[order[start] as number]
    let end = start + 1
    while (end < order.length && (order[end] as number) >= from && this.parent[order[end] as number] === parent)
      end += 1
    return end
  }

  private wishBlock(order: number[], start: number, end: number, wished: Float64Array, weight: Float64Array): void {
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

  private readonly byParent = (left: number, right: number): number => {
    const above = this.parent[left] as number
    const below = this.parent[right] as number
    if (above === below || above < 0 || below < 0) return left - right
    return (this.height[above] as number) - (this.height[below] as number) || above - below
  }

  private centreOnChildren(depth: number): void {
    const order = this.columns[depth] as number[]
    const sum = new Map<number, [total: number, count: number]>()
    for (const child of this.columns[depth + 1] ?? []) {
      const entry = sum.get(this.parent[child] as number)
      if (entry) {
        entry[0] += this.height[child] as number
        entry[1] += 1
      } else sum.set(this.parent[child] as number, [this.height[child] as number, 1])
    }
    const wished = new Float64Array(order.length)
    const weight = new Float64Array(order.length)
    for (const [i, node] of order.entries()) {
      const entry = sum.get(node)
      wished[i] = entry ? entry[0] / entry[1] : (this.height[node] as number)
      weight[i] = entry ? entry[1] : 0.2
    }
    this.settle(order, wished, weight)
  }

  private centreOnParents(depth: number): void {
    const order = this.columns[depth] as number[]
    const wished = new Float64Array(order.length)
    const weight = new Float64Array(order.length).fill(1)
    for (let start = 0; start < order.length; ) {
      const end = this.blockEnd(order, start, 0)
      const parent = this.parent[order[start] as number] as number
      const centre = parent < 0 ? 0 : (this.height[parent] as number)
      for (let i = start; i < end; i += 1) wished[i] = centre + (i - start - (end - start - 1) / 2) * siblingGap
      start = end
    }
    this.settle(order, wished, weight)
  }

  /** Gives every node of a column the height nearest to its wish (weighted least squares) that keeps the gaps. */
  private settle(order: number[], wished: Float64Array, weight: Float64Array): void {
    const count = order.length
    const offset = new Float64Array(count)
    for (let i = 1; i < count; i += 1) {
      const siblings = this.parent[order[i] as number] === this.parent[order[i - 1] as number]
      offset[i] = (offset[i - 1] as number) + (siblings ? siblingGap : cousinGap)
    }
    const means: number[] = []
    const weights: number[] = []
    const starts: number[] = []
    for (let i = 0; i < count; i += 1) {
      let mean = (wished[i] as number) - (offset[i] as number)
      let mass = weight[i] as number
      let start = i
      while (means.length && (means.at(-1) as number) > mean) {
        const heavier = weights.pop() as number
        mean = (mean * mass + (means.pop() as number) * heavier) / (mass + heavier)
        mass += heavier
        start = starts.pop() as number
      }
      means.push(mean)
      weights.push(mass)
      starts.push(start)
    }
    for (let block = 0; block < means.length; block += 1) {
      const end = starts[block + 1] ?? count
      for (let i = starts[block] as number; i < end; i += 1) {
        this.height[order[i] as number] = (means[block] as number) + (offset[i] as number)
      }
    }
  }

  private describe(depth: number): Column {
    const order = Int32Array.from(this.columns[depth] as number[])
    const heights = new Float32Array(order.length)
    for (let i = 0; i < order.length; i += 1) heights[i] = this.height[order[i] as number] as number
    return { depth, order, heights }
  }
}

function merge(left: number[], right: number[], compare: (a: number, b: number) => number): number[] {
  const merged: number[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    merged.push(compare(left[i] as number, right[j] as number) <= 0 ? (left[i++] as number) : (right[j++] as number))
  }
  while (i < left.length) merged.push(left[i++] as number)
  while (j < right.length) merged.push(right[j++] as number)
  return merged
}
