/** Finds steps by their text, answer or number. */

import type { Tree } from '../model/tree'

/** Indices of the nodes that match, in order of creation. An empty query matches nothing. */
export function findNodes(tree: Tree, query: string): number[] {
  const wanted = query.trim().toLowerCase()
  if (!wanted) return []
  const number = /^#?\d+$/.test(wanted) ? Number(wanted.replace('#', '')) : null
  const found: number[] = []
  for (const node of tree.nodes) {
    const text = node.text.toLowerCase()
    if (node.index === number || text.includes(wanted) || node.answer?.toLowerCase().includes(wanted))
      found.push(node.index)
  }
  return found
}
