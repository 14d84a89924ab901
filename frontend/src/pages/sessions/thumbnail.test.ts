/** A small picture keeps within its room, whatever the tree. */

import { describe, expect, it } from 'vitest'
import { emptyTree, type Tree, type TreeNode } from '../../explorer/model/tree'
import { placesOf } from './thumbnail'

const tree = (...parents: number[]): Tree => {
  const made = emptyTree()
  for (const [index, parent] of parents.entries())
    made.nodes.push({
      index,
      parents: parent < 0 ? [] : [parent],
      depth: parent < 0 ? 0 : (made.nodes[parent]?.depth ?? 0) + 1,
    } as TreeNode)
  return made
}
const room = { width: 88, height: 48 }

describe('placesOf', () => {
  it('puts the root to the left and its children to the right, around its height', () => {
    expect(placesOf(tree(-1, 0, 0), room)).toEqual([
      { x: 3, y: 24 },
      { x: 85, y: 21 },
      { x: 85, y: 27 },
    ])
  })

  it('keeps a wide and a deep tree inside', () => {
    const wide = tree(-1, ...Array.from({ length: 500 }, () => 0))
    const deep = tree(-1, ...Array.from({ length: 500 }, (_, i) => i))
    for (const { x, y } of [...placesOf(wide, room), ...placesOf(deep, room)]) {
      expect(x).toBeGreaterThanOrEqual(3)
      expect(x).toBeLessThanOrEqual(85)
      expect(y).toBeGreaterThanOrEqual(2.99)
      expect(y).toBeLessThanOrEqual(45.01)
    }
  })

  it('is nothing for a tree without nodes', () => {
    expect(placesOf(emptyTree(), room)).toEqual([])
  })
})
