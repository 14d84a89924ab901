/** Where the arrow keys lead. */

import { expect, it } from 'vitest'
import { fold } from './model/fold'
import { emptyTree } from './model/tree'
import { treeStep } from './walk'

// 0 → 1, 2; 1 → 3, 4; 2 → 5
const tree = emptyTree()
for (const [index, parents, depth] of [
  [0, [], 0],
  [1, [0], 1],
  [2, [0], 1],
  [3, [1], 2],
  [4, [1], 2],
  [5, [2], 2],
] as const) {
  const rest = { kind: 'step', key: '', text: '', tokens: 0, finish: null, logprob: null, prior: null }
  fold(tree, {
    seq: tree.seq + 1,
    kind: 'node_added',
    at: '',
    payload: { index, parents: [...parents], depth, ...rest },
  })
}

it('goes to the root from nowhere', () => {
  expect(treeStep(tree, null, 'ArrowDown')).toBe(0)
})

it('walks to parent and child', () => {
  expect(treeStep(tree, 3, 'ArrowLeft')).toBe(1)
  expect(treeStep(tree, 0, 'ArrowRight')).toBe(1)
  expect(treeStep(tree, 0, 'ArrowLeft')).toBe(0)
  expect(treeStep(tree, 5, 'ArrowRight')).toBe(5)
})

it('walks among siblings, then to cousins of the same depth', () => {
  expect(treeStep(tree, 3, 'ArrowDown')).toBe(4)
  expect(treeStep(tree, 4, 'ArrowDown')).toBe(5)
  expect(treeStep(tree, 5, 'ArrowUp')).toBe(4)
  expect(treeStep(tree, 3, 'ArrowUp')).toBe(3)
  expect(treeStep(tree, 5, 'ArrowDown')).toBe(5)
})
