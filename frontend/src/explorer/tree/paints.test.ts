/** From afar a branch has the colour of the best living node below it, also after things have changed. */

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { rewardColor } from '../../design/reward-scale'
import { fold } from '../model/fold'
import { emptyTree, type Tree } from '../model/tree'
import { type Painted, Paints } from './paints'

const colors = new Proxy({}, { get: (_, name) => (name === 'paper' ? '#000000' : '#808080') }) as never

/** A canvas that knows the pixel of a #rrggbb colour: this test's document cannot draw. */
function reader() {
  let style = ''
  const bytes = () => [1, 3, 5].map((at) => Number.parseInt(style.slice(at, at + 2), 16))
  return {
    set fillStyle(color: string) {
      style = color
    },
    fillRect: () => undefined,
    getImageData: () => ({ data: bytes() }),
  }
}

let seq = 0
const put = (tree: Tree, kind: string, payload: object) => fold(tree, { seq: ++seq, kind, at: '', payload })

/** 0 ─ 1 ─ 3 ─ 4, 0 ─ 2 with rewards .5, .2, .6, .1, .9. */
function grown(): Tree {
  const tree = emptyTree()
  const step = { kind: 'step', key: '', text: '', tokens: 1, finish: 'step', logprob: null, prior: null }
  for (const [index, [parent, depth]] of [
    [-1, 0],
    [0, 1],
    [0, 1],
    [1, 2],
    [3, 3],
  ].entries())
    put(tree, 'node_added', { ...step, index, parents: (parent as number) < 0 ? [] : [parent], depth })
  const rewards = [0.5, 0.2, 0.6, 0.1, 0.9]
  put(tree, 'scored', { source: 'r', drives: true, scores: rewards.map((reward, index) => [index, reward]) })
  return tree
}

const shown = (tree: Tree): Painted => ({
  tree,
  colouring: 'reward',
  colors,
  labelOf: none,
  hidden: never,
  dimmed: never,
})
const none = () => null
const never = () => false

/** The tint of a colour at 72 % over black, as a pixel. */
function tint(reward: number): number {
  const color = rewardColor(reward) as string
  const [red, green, blue] = [1, 3, 5].map((at) => Math.round(0.72 * Number.parseInt(color.slice(at, at + 2), 16)))
  return ((255 << 24) | ((blue as number) << 16) | ((green as number) << 8) | (red as number)) >>> 0
}

describe('Paints', () => {
  beforeEach(() => {
    seq = 0
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(() => reader() as never)
  })

  it('hands the best of a subtree up to its root', () => {
    const paints = new Paints()
    paints.update(shown(grown()))
    expect([...paints.best.slice(0, 5)].map((best) => Math.round(best * 10))).toEqual([9, 9, 6, 9, 9])
    expect(paints.tints[1]).toBe(tint(0.9))
    expect(paints.tints[2]).toBe(tint(0.6))
  })

  it('follows new nodes, new scores and prunings, node by node', () => {
    const tree = grown()
    const paints = new Paints()
    paints.update(shown(tree))
    paints.touch(put(tree, 'pruned', { rule: 'b', cutoff: 0.5, of: 2, nodes: [{ node: 3, score: 0.1, rank: 2 }] }))
    paints.update(shown(tree))
    expect(paints.tints[1]).toBe(tint(0.2))
    expect(paints.tints[0]).toBe(tint(0.6))
    expect(paints.best[4]).toBe(-1)
    paints.touch(put(tree, 'restored', { nodes: [3] }))
    paints.update(shown(tree))
    expect(paints.tints[0]).toBe(tint(0.9))
    const before = paints.version
    paints.update(shown(tree))
    expect(paints.version).toBe(before)
    const step = { kind: 'step', key: '', text: '', tokens: 1, finish: 'step', logprob: null, prior: null }
    paints.touch(put(tree, 'node_added', { ...step, index: 5, parents: [2], depth: 2 }))
    paints.update(shown(tree))
    paints.touch(put(tree, 'scored', { source: 'r', drives: true, scores: [[5, 0.95]] }))
    paints.update(shown(tree))
    expect(paints.tints[2]).toBe(tint(0.95))
    expect(paints.tints[0]).toBe(tint(0.95))
    expect(paints.tints[1]).toBe(tint(0.9))
  })
})
