/** The moment the last correct path is lost. */

import { describe, expect, it } from 'vitest'
import { fold } from './fold'
import { emptyTree, type Tree } from './tree'

function started(): Tree {
  const tree = emptyTree()
  add(tree, 0, [], 0)
  verified(tree, [[0, true]])
  return tree
}

function send(tree: Tree, kind: string, payload: unknown): void {
  fold(tree, { seq: tree.seq + 1, kind, at: '', payload })
}

function add(
  tree: Tree,
  index: number,
  parents: number[],
  depth: number,
  finish: string | null = depth ? 'step' : null,
): void {
  const kind = depth ? 'step' : 'root'
  const rest = { key: '', text: `step ${index}`, tokens: 1, logprob: null, prior: null }
  send(tree, 'node_added', { index, parents, depth, kind, finish, ...rest })
}

function verified(tree: Tree, nodes: [number, boolean | null][]): void {
  send(tree, 'verified', { nodes })
}

function prune(tree: Tree, node: number, by?: string): void {
  send(tree, 'pruned', { rule: 'beam', cutoff: 0.5, of: 2, nodes: [{ node, score: 0.4, rank: 2 }], by })
}

describe('hope', () => {
  it('is lost when the only step that could still be solved is pruned', () => {
    const tree = started()
    add(tree, 1, [0], 1)
    add(tree, 2, [0], 1)
    verified(tree, [
      [1, true],
      [2, false],
    ])
    expect(tree.hopeful).toBe(1)
    expect(tree.lost).toBeNull()
    prune(tree, 1)
    expect(tree.lost).toEqual({ seq: tree.seq, node: 1 })
  })

  it('is not lost between the adding of steps and their verdicts', () => {
    const tree = started()
    add(tree, 1, [0], 1)
    expect(tree.lost).toBeNull()
    prune(tree, 1)
    expect(tree.lost).not.toBeNull()
  })

  it('is lost when every next step turns out to be hopeless', () => {
    const tree = started()
    add(tree, 1, [0], 1)
    verified(tree, [[1, false]])
    expect(tree.lost).toEqual({ seq: tree.seq, node: 0 })
  })

  it('is lost for a whole subtree when what it hangs from is pruned, and comes back when that is restored', () => {
    const tree = started()
    add(tree, 1, [0], 1)
    verified(tree, [[1, true]])
    add(tree, 2, [1], 2)
    verified(tree, [[2, true]])
    prune(tree, 1, 'ada')
    expect(tree.hopeful).toBe(0)
    expect(tree.lost?.node).toBe(1)
    send(tree, 'restored', { nodes: [1], by: 'ada' })
    expect(tree.hopeful).toBe(1)
    expect(tree.lost).toBeNull()
  })

  it('stays while one of two parents is alive', () => {
    const tree = started()
    add(tree, 1, [0], 1)
    add(tree, 2, [0], 1)
    add(tree, 3, [1, 2], 2)
    verified(tree, [[3, true]])
    prune(tree, 1)
    expect(tree.hopeful).toBe(1)
    prune(tree, 2)
    expect(tree.hopeful).toBe(0)
  })

  it('is never claimed where no truth was ever known', () => {
    const tree = emptyTree()
    add(tree, 0, [], 0)
    add(tree, 1, [0], 1)
    prune(tree, 1)
    expect(tree.lost).toBeNull()
  })
})
