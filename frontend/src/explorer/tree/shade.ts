/** Which nodes are inside a folded subtree, or outside the hoisted one. Kept per node, extended as the tree grows. */

import type { Tree } from '../model/tree'

export class Shade {
  private readonly flags: number[] = []

  constructor(
    /** The live tree, however it came. */
    private readonly tree: () => Tree,
    private readonly folded: ReadonlySet<number>,
    private readonly hoisted: number | null,
  ) {}

  readonly hidden = (node: number): boolean => this.folded.size > 0 && (this.flag(node) & 1) === 1

  readonly dimmed = (node: number): boolean => this.hoisted !== null && (this.flag(node) & 2) === 0

  /** Bit 1: hidden. Bit 2: inside the hoisted subtree. Parents come before children, so one pass in order settles all. */
  private flag(node: number): number {
    const { nodes } = this.tree()
    for (let index = this.flags.length; index <= node; index += 1) {
      const parent = nodes[index]?.parents[0]
      const above = parent === undefined ? 0 : (this.flags[parent] as number)
      const hidden = (above & 1) === 1 || (parent !== undefined && this.folded.has(parent))
      const inside = index === this.hoisted || (above & 2) === 2
      this.flags.push((hidden ? 1 : 0) | (inside ? 2 : 0))
    }
    return this.flags[node] as number
  }
}
