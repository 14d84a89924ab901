/** Walking the tree by arrow keys: left and right along the path, up and down among siblings, then cousins. */

import type { Tree } from './model/tree'

/** The node that `key` leads to from `from`; `from` itself where there is none. */
export function treeStep(tree: Tree, from: number | null, key: string): number | null {
  const node = from === null ? undefined : tree.nodes[from]
  if (!node) return tree.nodes.length ? 0 : null
  if (key === 'ArrowLeft') return node.parents[0] ?? node.index
  if (key === 'ArrowRight') return firstOf(tree, node.children) ?? node.index
  const siblings = node.parents[0] === undefined ? [] : (tree.nodes[node.parents[0]]?.children ?? [])
  const place = siblings.indexOf(node.index)
  const next = siblings[place + (key === 'ArrowDown' ? 1 : -1)]
  return next ?? cousin(tree, node.index, key === 'ArrowDown') ?? node.index
}

/** The chosen or best child, so that the way to the right is the way the search went. */
function firstOf(tree: Tree, children: number[]): number | undefined {
  const onward =
    children.find((child) => tree.chosen.includes(child)) ??
    children.find((child) => tree.nodes[child]?.children.length)
  return onward ?? children[0]
}

/** The next node of the same depth beyond the siblings. */
function cousin(tree: Tree, from: number, down: boolean): number | null {
  const node = tree.nodes[from]
  let parent = node?.parents[0]
  let levels = 1
  while (parent !== undefined) {
    const above: number | undefined = tree.nodes[parent]?.parents[0]
    const aunts: number[] = above === undefined ? [] : (tree.nodes[above]?.children ?? [])
    for (
      let place = aunts.indexOf(parent) + (down ? 1 : -1);
      place >= 0 && place < aunts.length;
      place += down ? 1 : -1
    ) {
      const found = descend(tree, aunts[place] as number, levels, down)
      if (found !== null) return found
    }
    parent = above
    levels += 1
  }
  return null
}

/** The outermost node `levels` below `top`, on the side one comes from. */
function descend(tree: Tree, top: number, levels: number, fromAbove: boolean): number | null {
  const waiting: [node: number, levels: number][] = [[top, levels]]
  while (waiting.length) {
    const [index, left] = waiting.pop() as [number, number]
    if (left === 0) return index
    const children = tree.nodes[index]?.children ?? []
    const order = fromAbove ? children.toReversed() : children
    for (const child of order) waiting.push([child, left - 1])
  }
  return null
}
