/** The outline as a flat list of the nodes that are unfolded: depth first, without recursion. */

import type { Tree } from '../model/tree'

/**
 * Nodes from `root` down, a row each. A node with several parents is listed once, under its first. What is `hidden` is
 * left out with all that lies below it.
 */
export function outlineRows(
  { nodes }: Pick<Tree, 'nodes'>,
  folded: ReadonlySet<number>,
  root = 0,
  hidden: ((node: number) => boolean) | null = null,
): Int32Array {
  const rows = new Int32Array(nodes.length)
  if (!nodes[root]) return rows.subarray(0, 0)
  let count = 0
  const waiting = [root]
  while (waiting.length) {
    const index = waiting.pop() as number
    rows[count] = index
    count += 1
    if (folded.has(index)) continue
    const { children } = nodes[index] as { children: number[] }
    for (let i = children.length - 1; i >= 0; i -= 1) {
      const child = children[i] as number
      if (nodes[child]?.parents[0] === index && !hidden?.(child)) waiting.push(child)
    }
  }
  return rows.subarray(0, count)
}
