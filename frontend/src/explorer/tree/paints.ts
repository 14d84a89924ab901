/**
 * What each node looks like from afar, in arrays that a hundred thousand nodes can be read from at every frame: its colour
 * as a pixel, how much it matters, and how its branch is drawn.
 */

import type { Colors } from '../../design/colors'
import { isBelowCut } from '../model/hope'
import type { Tree, TreeNode } from '../model/tree'
import { type Colouring, colourOf, shownNumber } from './colouring'
import { grown } from './grown'

/** A branch that the search still cares for, one that was cut, and nothing at all (inside a fold). */
export const living = 2
export const pale = 1
export const hidden = 0

export interface Painted {
  tree: Tree
  colouring: Colouring
  colors: Colors
  hidden: (node: number) => boolean
  dimmed: (node: number) => boolean
}

export class Paints {
  /** RGBA as a little-endian pixel of an ImageData. */
  pixels = new Uint32Array(1024)
  /** Of several nodes on one pixel the greatest is drawn: pruned ones last, else by the number that is coloured. */
  weights = new Float32Array(1024)
  branches = new Uint8Array(1024)
  private count = 0
  private of: Painted | null = null
  private readonly stale = new Set<number>()
  private readonly parsed = new Map<string, number>()
  private readonly reader = document.createElement('canvas').getContext('2d', { willReadFrequently: true })

  /** These nodes changed. */
  touch(nodes: Iterable<number>): void {
    for (const node of nodes) this.stale.add(node)
  }

  /** Everything may look different: another theme, another moment. */
  forget(): void {
    this.of = null
  }

  /** Brings the arrays up to date with what is shown. */
  update(shown: Painted): void {
    const { of } = this
    const same =
      of?.colouring === shown.colouring &&
      of.colors === shown.colors &&
      of.hidden === shown.hidden &&
      of.dimmed === shown.dimmed &&
      of.tree.nodes === shown.tree.nodes
    const { length } = shown.tree.nodes
    this.pixels = grown(this.pixels, length)
    this.weights = grown(this.weights, length)
    this.branches = grown(this.branches, length)
    if (!same) this.count = 0
    else for (const node of this.stale) if (node < this.count) this.paint(shown, node)
    for (let node = this.count; node < length; node += 1) this.paint(shown, node)
    this.count = length
    this.stale.clear()
    this.of = { ...shown }
  }

  /** A CSS colour as a pixel. */
  pixel(color: string): number {
    const known = this.parsed.get(color)
    if (known !== undefined) return known
    let pixel = 0xff000000
    if (this.reader) {
      this.reader.fillStyle = color
      this.reader.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0] = this.reader.getImageData(0, 0, 1, 1).data
      pixel = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
    }
    this.parsed.set(color, pixel)
    return pixel
  }

  private paint(shown: Painted, index: number): void {
    const { tree, colouring, colors } = shown
    const node = tree.nodes[index] as TreeNode
    const gone = node.status === 'pruned' || isBelowCut(tree, index) || shown.dimmed(index)
    this.branches[index] = shown.hidden(index) ? hidden : gone ? pale : living
    const fill = gone ? null : colourOf(node, tree, colouring, colors)
    this.pixels[index] = this.pixel(fill ?? (gone ? colors['ink-faint'] : colors.ink))
    this.weights[index] = gone ? -1 : (shownNumber(node, colouring) ?? 0)
  }
}
