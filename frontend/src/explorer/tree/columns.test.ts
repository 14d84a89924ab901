/** The layout: order and room are kept, what is drawn stays put, deep trees are no trouble. */

import { describe, expect, it } from 'vitest'
import { Columns } from './columns'

/** A small generator of repeatable numbers in [0, 1) (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function randomTree(count: number, seed: number): { parents: number[]; depths: number[] } {
  const random = numbers(seed)
  const parents = [-1]
  const depths = [0]
  for (let node = 1; node < count; node += 1) {
    const parent = Math.floor(random() ** 0.5 * node)
    parents.push(parent)
    depths.push((depths[parent] as number) + 1)
  }
  return { parents, depths }
}

function checkRoom(columns: Columns, parents: number[], depths: number[]): void {
  const byDepth = new Map<number, number[]>()
  depths.forEach((depth, node) => void byDepth.set(depth, [...(byDepth.get(depth) ?? []), node]))
  for (const nodes of byDepth.values()) {
    nodes.sort((a, b) => columns.heightOf(a) - columns.heightOf(b))
    for (let i = 1; i < nodes.length; i += 1) {
      const [above, below] = [nodes[i - 1] as number, nodes[i] as number]
      expect(columns.heightOf(below) - columns.heightOf(above)).toBeGreaterThan(0.999)
      // No two lines cross: the order of children is the order of their parents.
      const [left, right] = [parents[above] as number, parents[below] as number]
      if (left !== right) expect(columns.heightOf(left)).toBeLessThan(columns.heightOf(right))
    }
  }
}

describe('columns', () => {
  it('centres children on their parent', () => {
    const columns = new Columns()
    columns.add([-1, 0, 0, 0], [0, 1, 1, 1])
    expect([0, 1, 2, 3].map((node) => columns.heightOf(node))).toEqual([0, -1, 0, 1])
  })

  it.each([1, 2, 3])('keeps room and order in a random tree that arrives in pieces (seed %i)', (seed) => {
    const { parents, depths } = randomTree(400, seed)
    const columns = new Columns()
    for (let from = 0; from < 400; from += 7) columns.add(parents.slice(from, from + 7), depths.slice(from, from + 7))
    checkRoom(columns, parents, depths)
  })

  it('keeps room and order in a tree that arrives whole', () => {
    const { parents, depths } = randomTree(400, 9)
    const columns = new Columns()
    columns.add(parents, depths)
    checkRoom(columns, parents, depths)
  })

  it('moves nothing when there is room', () => {
    const columns = new Columns()
    columns.add([-1], [0])
    columns.add([0, 0, 0, 0], [1, 1, 1, 1])
    columns.add([2, 2], [2, 2])
    const before = [0, 1, 2, 3, 4, 5, 6].map((node) => columns.heightOf(node))
    columns.add([5, 5], [3, 3])
    const after = [0, 1, 2, 3, 4, 5, 6].map((node) => columns.heightOf(node))
    expect(after).toEqual(before)
  })

  it('moves no one far when it must give room, and only in the crowded column', () => {
    const columns = new Columns()
    columns.add([-1], [0])
    columns.add([0, 0, 0], [1, 1, 1])
    columns.add([1, 1, 3, 3], [2, 2, 2, 2])
    const shallow = [0, 1, 2, 3].map((node) => columns.heightOf(node))
    const crowded = [4, 5, 6, 7].map((node) => columns.heightOf(node))
    columns.add([2, 2, 2], [2, 2, 2])
    expect([0, 1, 2, 3].map((node) => columns.heightOf(node))).toEqual(shallow)
    crowded.forEach((height, place) => void expect(Math.abs(columns.heightOf(4 + place) - height)).toBeLessThan(4))
  })

  it('lays out a chain of 10,000 levels and a fan of 10,000 children', () => {
    const chain = new Columns()
    chain.add(
      Array.from({ length: 10_000 }, (_, node) => node - 1),
      Array.from({ length: 10_000 }, (_, node) => node),
    )
    expect(chain.heightOf(9999)).toBe(0)
    const fan = new Columns()
    fan.add([-1, ...Array<number>(10_000).fill(0)], [0, ...Array<number>(10_000).fill(1)])
    expect(fan.heightOf(10_000) - fan.heightOf(1)).toBeCloseTo(9999, 3)
  })
})
