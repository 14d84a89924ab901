/**
 * Places one column: weighted isotonic regression (pool adjacent violators) of wished heights under minimal gaps, in
 * linear time. The room it works in is kept between columns.
 */

/** Distances in rows between neighbours of one parent, and of two. */
export const siblingGap = 1
const cousinGap = 1.35

export class Settling {
  readonly wished: Float64Array
  readonly weight: Float64Array
  private readonly offset: Float64Array
  /** Blocks of nodes that move as one: their height without offsets, their weight, and where they start. */
  private readonly mean: Float64Array
  private readonly mass: Float64Array
  private readonly start: Int32Array

  constructor(count: number) {
    this.wished = new Float64Array(count)
    this.weight = new Float64Array(count)
    this.offset = new Float64Array(count)
    this.mean = new Float64Array(count)
    this.mass = new Float64Array(count)
    this.start = new Int32Array(count)
  }

  /** Writes into `height` what is nearest to the wishes (weighted least squares) and keeps order and gaps. */
  settle(order: Int32Array, parent: Int32Array, height: Float64Array): void {
    const { wished, weight, offset, mean, mass, start } = this
    const count = order.length
    let blocks = 0
    for (let i = 0; i < count; i += 1) {
      if (i > 0) {
        const siblings = parent[order[i] as number] === parent[order[i - 1] as number]
        offset[i] = (offset[i - 1] as number) + (siblings ? siblingGap : cousinGap)
      } else offset[0] = 0
      let middle = (wished[i] as number) - (offset[i] as number)
      let weighs = weight[i] as number
      let first = i
      while (blocks > 0 && (mean[blocks - 1] as number) > middle) {
        blocks -= 1
        const heavier = mass[blocks] as number
        middle = (middle * weighs + (mean[blocks] as number) * heavier) / (weighs + heavier)
        weighs += heavier
        first = start[blocks] as number
      }
      mean[blocks] = middle
      mass[blocks] = weighs
      start[blocks] = first
      blocks += 1
    }
    for (let block = 0; block < blocks; block += 1) {
      const end = block + 1 < blocks ? (start[block + 1] as number) : count
      for (let i = start[block] as number; i < end; i += 1)
        height[order[i] as number] = (mean[block] as number) + (offset[i] as number)
    }
  }
}
