/** The outline as a flat list of the rows that are unfolded: depth first, without recursion. */

import type { Tree } from '../model/tree'

export interface Row {
  node: number
  depth: number
  unfoldable: boolean
  folded: boolean
}

/** Rows from `root` down. A node with several parents is listed once, under its first. */
export function outlineRows(tree: Tree, folded: ReadonlySet<number>, root = 0): Row[] {
  const start = tree.nodes[root]
  if (!start) return []
  const rows: Row[] = []
  const waiting = [root]
  while (waiting.length) {
    const node = tree.nodes[waiting.pop() as number]
    if (!node) continue
    const closed = folded.has(node.index)
    rows.push({
      node: node.index,
      depth: node.depth - start.depth,
      unfoldable: node.children.length > 0,
      folded: closed,
    })
    if (closed) continue
    for (let i = node.children.length - 1; i >= 0; i -= 1) {
      const child = node.children[i] as number
      if (tree.nodes[child]?.parents[0] === node.index) waiting.push(child)
    }
  }
  return rows
}
