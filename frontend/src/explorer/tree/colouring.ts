/** What a node's colour means: one scale for every number between 0 and 1, words for states. */

import type { Colors } from '../../design/colors'
import { rewardColor } from '../../design/reward-scale'
import type { Tree, TreeNode } from '../model/tree'

export type Colouring = 'reward' | 'value' | 'visits' | 'status' | 'correctness'

export const colourings: { name: Colouring; title: string }[] = [
  { name: 'reward', title: 'Reward' },
  { name: 'value', title: 'Value' },
  { name: 'visits', title: 'Visits' },
  { name: 'status', title: 'Status' },
  { name: 'correctness', title: 'Can still be solved' },
]

/** The node's fill, or null where it has nothing to show in this colouring. */
export function colourOf(node: TreeNode, tree: Tree, colouring: Colouring, colors: Colors): string | null {
  switch (colouring) {
    case 'reward':
      return rewardColor(node.reward)
    case 'value':
      return rewardColor(node.value)
    case 'visits':
      return node.visits ? rewardColor(Math.log1p(node.visits) / Math.log1p(mostVisits(tree))) : null
    case 'status':
      return colors[statusColour[node.status]]
    case 'correctness':
      return truth(node) === null ? null : colors[truth(node) ? 'correct' : 'wrong']
  }
}

const statusColour = {
  open: 'running',
  expanded: 'ink-soft',
  pruned: 'ink-faint',
  terminal: 'ink',
  selected: 'accent',
} as const

/** Known truth about a node: its answer's verdict, else whether the goal can still be reached from it. */
export function truth(node: TreeNode): boolean | null {
  return node.correct ?? node.reachable
}

export function mostVisits(tree: Tree): number {
  return Math.max(1, tree.nodes[0]?.visits ?? 1)
}

/** The number a colouring shows on a card. */
export function shownNumber(node: TreeNode, colouring: Colouring): number | null {
  if (colouring === 'value') return node.value
  if (colouring === 'visits') return node.visits || null
  return node.reward ?? node.value
}
