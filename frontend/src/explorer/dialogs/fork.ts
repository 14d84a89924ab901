/** The one thing a fork changes, and how the API is told. */

import type { TreeNode } from '../model/tree'

export type ForkKind = 'prune' | 'restore' | 'edit' | 'seed' | 'temperature' | 'algorithm' | 'budget'

export interface ForkDraft {
  kind: ForkKind
  text: string
  seed: number
  temperature: number
  algorithm: string
  tokens: number
}

/** What can be changed, given the selected step: its decision first, then how the search goes on. */
export function forkKinds(node: TreeNode | null): { kind: ForkKind; title: string }[] {
  const ofNode: { kind: ForkKind; title: string }[] = []
  if (node && node.index !== 0) {
    if (node.status === 'pruned') ofNode.push({ kind: 'restore', title: `Node ${node.index} is not pruned` })
    else ofNode.push({ kind: 'prune', title: `Node ${node.index} is pruned` })
    ofNode.push({ kind: 'edit', title: `Node ${node.index} says something else` })
  }
  return [
    ...ofNode,
    { kind: 'seed', title: 'Another seed' },
    { kind: 'temperature', title: 'Another temperature' },
    { kind: 'algorithm', title: 'Another strategy' },
    { kind: 'budget', title: 'A larger budget' },
  ]
}

/** The `change` of POST /runs/{id}/fork. */
export function changeOf(draft: ForkDraft, node: TreeNode | null): Record<string, unknown> {
  switch (draft.kind) {
    case 'prune':
    case 'restore':
      return { command: { command: draft.kind, node: node?.index } }
    case 'edit':
      return { command: { command: 'edit', node: node?.index, text: draft.text } }
    case 'seed':
      return { seed: draft.seed }
    case 'temperature':
      return { sampling: { temperature: draft.temperature } }
    case 'algorithm':
      return { algorithm: draft.algorithm }
    case 'budget':
      return { budget: { tokens: draft.tokens } }
  }
}
