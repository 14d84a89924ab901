/** A tree of five nodes for the tests of sentences: 0 → 1 → 2 → 3 (finished), and 4, cut by its token cap. */

import { fold } from '../model/fold'
import { emptyTree, type Tree } from '../model/tree'

export function outcomeTree(): Tree {
  const tree = emptyTree()
  const add = (index: number, parents: number[], depth: number, finish: string | null) =>
    fold(tree, {
      seq: tree.seq + 1,
      kind: 'node_added',
      at: '',
      payload: {
        index,
        parents,
        depth,
        kind: depth ? 'step' : 'root',
        key: '',
        text: `step ${index}`,
        tokens: 1,
        finish,
        logprob: null,
        prior: null,
      },
    })
  add(0, [], 0, null)
  add(1, [0], 1, 'step')
  add(2, [1], 2, 'step')
  add(3, [2], 3, 'end')
  add(4, [2], 3, 'length')
  return tree
}
