/**
 * Marks the moment the last correct path was lost: the question researchers ask first of a failed search.
 *
 * A node is hopeful while the domain says the goal can still be reached from it, it can still be continued (open) or
 * ends in a correct answer, and neither it nor an ancestor was pruned. A child whose truth is not known yet inherits
 * its parent's hope until its own verdict comes, so the moment between "added" and "verified" is not taken for a loss.
 */

import type { RunEvent } from './events'
import type { Hope, Tree, TreeNode } from './tree'

const deciding = new Set(['pruned', 'resampled', 'verified', 'answer', 'finished'])

function reaches(tree: Tree, node: TreeNode): boolean {
  if (node.reachable !== null) return node.reachable
  if (node.correct !== null) return node.correct
  const parent = node.parents[0]
  return parent !== undefined && tree.nodes[parent]?.reachable === true
}

function isHopeful(tree: Tree, node: TreeNode, hope: Hope): boolean {
  if (hope.cut[node.index] || node.status === 'expanded') return false
  if (node.status !== 'open' && node.correct === false) return false
  return reaches(tree, node)
}

function isCut(node: TreeNode, hope: Hope): boolean {
  if (node.status === 'pruned') return true
  return node.parents.length > 0 && node.parents.every((parent) => hope.cut[parent])
}

/** Re-examines `start` and, where a cut or its undoing changed what hangs below, the nodes below it. */
function recount(tree: Tree, start: number[], hope: Hope): void {
  const queue = [...start]
  while (queue.length) {
    const node = tree.nodes[queue.pop() as number] as TreeNode
    const cut = isCut(node, hope)
    if (cut !== (hope.cut[node.index] ?? false)) {
      for (const child of node.children) queue.push(child)
      hope.moved.push(node.index)
    }
    hope.cut[node.index] = cut
    const is = isHopeful(tree, node, hope)
    if (is !== (hope.counted[node.index] ?? false)) tree.hopeful += is ? 1 : -1
    if (hope.counted[node.index] && !is) hope.last = node.index
    hope.counted[node.index] = is
  }
}

/**
 * Takes stock of a tree that was not folded here. When hope was lost cannot be told from how things stand now: `lost`
 * stays null.
 */
export function noteAll(tree: Tree): void {
  const { hope } = tree
  for (const node of tree.nodes) {
    hope.cut.push(isCut(node, hope)) // parents come before their children
    hope.counted.push(isHopeful(tree, node, hope))
    if (hope.counted[node.index]) tree.hopeful += 1
  }
  hope.everHopeful = tree.hopeful > 0 && hasProof(tree, [...tree.nodes.keys()])
}

/** Keeps `tree.hopeful` and `tree.lost` true after `event` touched the nodes in `touched`. */
export function noteHope(tree: Tree, touched: number[], event: RunEvent): void {
  const { hope } = tree
  hope.moved = []
  recount(tree, touched, hope)
  if (tree.hopeful > 0) {
    if (deciding.has(event.kind) && tree.nodes[0]?.reachable !== false) hope.everHopeful ||= hasProof(tree, touched)
    tree.lost = null
    return
  }
  if (!hope.everHopeful || tree.lost || !deciding.has(event.kind)) return
  const culprit = touched.find((index) => {
    const node = tree.nodes[index] as TreeNode
    return node.status === 'pruned' && reaches(tree, node)
  })
  tree.lost = { seq: event.seq, node: culprit ?? hopelessParent(tree) }
}

/** The step below which hope ended, when nothing was pruned: none of its next steps can be solved. */
function hopelessParent(tree: Tree): number | null {
  const last = tree.hope.last === null ? undefined : tree.nodes[tree.hope.last]
  return last?.reachable ? last.index : (last?.parents[0] ?? null)
}

function hasProof(tree: Tree, touched: number[]): boolean {
  return touched.some((index) => tree.nodes[index]?.reachable === true || tree.nodes[index]?.correct === true)
}

/** Whether the node lies below a pruned one (the pruned node itself does not). */
export function isBelowCut(tree: Tree, index: number): boolean {
  return (tree.hope.cut[index] ?? false) && tree.nodes[index]?.status !== 'pruned'
}
