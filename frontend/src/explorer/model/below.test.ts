/** What was spent below a node. */

import { expect, it } from 'vitest'
import { outcomeTree } from '../words/why.fixture'
import { spentBelow } from './below'
import { fold } from './fold'

it('counts tokens and nodes of the subtree, the node itself left out', () => {
  const tree = outcomeTree()
  expect(spentBelow(tree, 1)).toEqual({ nodes: 3, tokens: 3 })
  expect(spentBelow(tree, 3)).toEqual({ nodes: 0, tokens: 0 })
})

it('counts a node that merges two branches once', () => {
  const tree = outcomeTree()
  const merged = { index: 5, parents: [3, 4], depth: 4, kind: 'revision', key: '', text: '', tokens: 7, finish: 'end' }
  fold(tree, { seq: tree.seq + 1, kind: 'node_added', at: '', payload: { ...merged, logprob: null, prior: null } })
  expect(spentBelow(tree, 2)).toEqual({ nodes: 3, tokens: 9 })
})
