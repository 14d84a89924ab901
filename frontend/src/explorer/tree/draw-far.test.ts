/** A picture that was moved by a hand is the picture that would have been drawn there. */

import { beforeEach, expect, it, vi } from 'vitest'
import { fold } from '../model/fold'
import { emptyTree, type Tree } from '../model/tree'
import { Columns } from './columns'
import { FarPicture } from './draw-far'
import { Paints } from './paints'
import { Scene } from './scene'
import type { ViewState } from './view-state'

const size = { width: 90, height: 60 }
const colors = new Proxy({}, { get: (_, name) => (name === 'paper' ? '#000000' : '#808080') }) as never

/** Four children to every third node, rewards between 0 and 1. */
function bushy(count: number): Tree {
  const tree = emptyTree()
  const step = { kind: 'step', key: '', text: '', tokens: 1, finish: 'step', logprob: null, prior: null }
  for (let index = 0; index < count; index += 1) {
    const parent = index ? 3 * Math.floor((index - 1) / 12) : -1
    const depth = parent < 0 ? 0 : (tree.nodes[parent]?.depth ?? 0) + 1
    const payload = { ...step, index, parents: parent < 0 ? [] : [parent], depth }
    fold(tree, { seq: index + 1, kind: 'node_added', at: '', payload })
  }
  const scores = Array.from({ length: count }, (_, index) => [index, (index * 0.618) % 1])
  fold(tree, { seq: count + 1, kind: 'scored', at: '', payload: { source: 'r', drives: true, scores } })
  return tree
}

function onto(far: FarPicture, view: ViewState, paints: Paints): Uint32Array {
  let pixels = new Uint32Array()
  const putImageData = ({ data }: ImageData) => {
    pixels = new Uint32Array(data.buffer.slice(0))
  }
  paints.update(view)
  far.draw({ canvas: size, putImageData } as never, view, paints)
  return pixels
}

beforeEach(() => {
  const Image = class {
    readonly data: Uint8ClampedArray
    constructor(width: number, height: number) {
      this.data = new Uint8ClampedArray(4 * width * height)
    }
  }
  vi.stubGlobal('ImageData', Image)
})

it('draws what comes into view as if all were drawn anew', () => {
  const tree = bushy(600)
  const scene = new Scene()
  const parents = tree.nodes.map((node) => node.parents[0] ?? -1)
  scene.take(
    new Columns().add(
      parents,
      tree.nodes.map((node) => node.depth),
    ),
    0,
    true,
  )
  const rest = { tree, scene, size, pixelRatio: 1, colors, colouring: 'reward', now: 1e6 }
  const never = () => false
  const at = (x: number, y: number) =>
    ({ ...rest, labelOf: () => null, hidden: never, dimmed: never, camera: { x, y, k: 0.005 } }) as unknown as ViewState
  const paints = new Paints()
  vi.spyOn(paints, 'pixel').mockImplementation((color) => (0xff000000 | Number.parseInt(color.slice(1), 16)) >>> 0)
  const far = new FarPicture()
  const seen = new Set<number>()
  for (const [x, y] of [
    [10, 30],
    [17, 30],
    [17, 22],
    [-20, 41],
    [-20.5, 41],
    [3.5, 50],
  ] as const) {
    const moved = onto(far, at(x, y), paints)
    expect(moved).toEqual(onto(new FarPicture(), at(x, y), paints))
    for (const pixel of moved) seen.add(pixel)
  }
  expect(seen.size).toBeGreaterThan(20)
})
