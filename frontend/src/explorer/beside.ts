/** Which sibling a step is read against. */

import type { Tree, TreeNode } from './model/tree'

/** Plans and critiques are no steps. */
const NOTES = ['plan', 'critique']

/** The siblings of a step and the step itself, the best first. */
export function siblingsOf(tree: Tree, node: TreeNode): TreeNode[] {
  const parent = node.parents[0] === undefined ? undefined : tree.nodes[node.parents[0]]
  const all = (parent?.children ?? []).map((child) => tree.nodes[child]).filter((child) => child !== undefined)
  return all.sort((a, b) => (b.reward ?? b.value ?? -1) - (a.reward ?? a.value ?? -1))
}

/** The sibling one came from; else the chosen one, else the best. Null for a step alone at its place, and for notes. */
export function besideOf(tree: Tree, node: TreeNode, cameFrom: number | null): TreeNode | null {
  if (NOTES.includes(node.kind)) return null
  const others = siblingsOf(tree, node).filter(({ index, kind }) => index !== node.index && !NOTES.includes(kind))
  return (
    others.find(({ index }) => index === cameFrom) ??
    others.find(({ index }) => tree.chosen.includes(index)) ??
    others[0] ??
    null
  )
}
