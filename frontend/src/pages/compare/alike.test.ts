/** Steps are the same when the same texts lead to them, whatever their numbers are. */

import { describe, expect, it } from 'vitest'
import { fold } from '../../explorer/model/fold'
import { emptyTree, type Tree } from '../../explorer/model/tree'
import { Alike } from './alike'

/** A tree of [parent, text] pairs. */
function tree(...nodes: [number, string][]): Tree {
  const made = emptyTree()
  for (const [index, [parent, text]] of nodes.entries()) {
    const depth = parent < 0 ? 0 : (made.nodes[parent]?.depth ?? 0) + 1
    const payload = { index, parents: parent < 0 ? [] : [parent], depth, kind: 'step', key: '', text, tokens: 1 }
    fold(made, {
      seq: index + 1,
      kind: 'node_added',
      at: '',
      payload: { finish: 'step', logprob: 0, prior: null, ...payload },
    })
  }
  return made
}

const left = tree([-1, 'p'], [0, 'a'], [0, 'b'], [1, 'c'], [3, 'd'])
const right = tree([-1, 'p'], [0, 'b'], [1, 'x'], [0, 'a'], [3, 'c '])

describe('Alike', () => {
  it('finds the same path under another number', () => {
    expect(new Alike().counterpart([left, right], 0, 3, 1)).toEqual({ node: 4, exact: true })
    expect(new Alike().counterpart([left, right], 1, 1, 0)).toEqual({ node: 2, exact: true })
  })

  it('answers with the last step in common where the other went no further', () => {
    expect(new Alike().counterpart([left, right], 0, 4, 1)).toEqual({ node: 4, exact: false })
    expect(new Alike().counterpart([left, right], 1, 2, 0)).toEqual({ node: 2, exact: false })
  })

  it('finds nothing in a tree of another problem, or in none', () => {
    expect(new Alike().counterpart([left, tree([-1, 'q'])], 0, 1, 1)).toBeNull()
    expect(new Alike().counterpart([left, emptyTree()], 0, 1, 1)).toBeNull()
  })

  it('learns of nodes that were added since, and takes the first of equal siblings', () => {
    const alike = new Alike()
    const growing = tree([-1, 'p'], [0, 'a'])
    expect(alike.counterpart([growing, right], 0, 1, 1)).toEqual({ node: 3, exact: true })
    for (const index of [2, 3]) {
      const payload = { index, parents: [0], depth: 1, kind: 'step', key: '', text: 'b', tokens: 1, finish: 'step' }
      fold(growing, { seq: index + 1, kind: 'node_added', at: '', payload: { logprob: 0, prior: null, ...payload } })
    }
    expect(alike.counterpart([growing, right], 1, 1, 0)).toEqual({ node: 2, exact: true })
  })
})
