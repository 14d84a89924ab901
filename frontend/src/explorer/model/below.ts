/** What was spent below a node: in its subtree, the node itself not counted. */

import type { Tree } from './tree'

export interface Below {
  nodes: number
  tokens: number
}

/** Each node of the subtree once, however many ways lead to it. */
export function spentBelow(tree: Tree, index: number): Below {
  const seen = new Set([index])
  const waiting = [index]
  let tokens = 0
  while (waiting.length) {
    for (const child of tree.nodes[waiting.pop() as number]?.children ?? []) {
      const node = tree.nodes[child]
      if (!node || seen.has(child)) continue
      seen.add(child)
      waiting.push(child)
      tokens += node.tokens
    }
  }
  return { nodes: seen.size - 1, tokens }
}
