/**
 * What each node looks like from afar, in arrays that a hundred thousand nodes can be read from at every frame: its colour
 * as a pixel, how its branch is drawn, and the best that lies below it, which gives the branch its tint.
 */

import type { Colors } from '../../design/colors'
import type { Tree, TreeNode } from '../model/tree'
import { type Colouring, colourOf, type LabelOf, weightOf } from './colouring'
import { grown } from './grown'

/** A branch that the search still cares for, one that was cut, and nothing at all (inside a fold). */
export const living = 2
export const pale = 1
export const hidden = 0

export interface Painted {
  tree: Tree
  colouring: Colouring
  labelOf: LabelOf
  colors: Colors
  hidden: (node: number) => boolean
  dimmed: (node: number) => boolean
}

/** A branch's tint is its best node's colour, this much of it, on paper: nodes stand out before their branches. */
const tintShare = 0.72

export class Paints {
  /** RGBA as a little-endian pixel of an ImageData. */
  pixels = new Uint32Array(1024)
  branches = new Uint8Array(1024)
  /** The greatest weight (colouring.ts) of the node and all living ones below it; −1 where nothing lives. */
  best = new Float32Array(1024)
  /** The colour of whoever has that weight, as a branch wears it. */
  tints = new Uint32Array(1024)
  /** The first parent; −1 where there is none. */
  parents = new Int32Array(1024)
  /** Changes whenever any of these does. */
  version = 0
  private own = new Float32Array(1024)
  private ownTints = new Uint32Array(1024)
  private count = 0
  private of: Painted | null = null
  private readonly stale = new Set<number>()
  private readonly parsed = new Map<string, number>()
  /** Tints by their colour, on the paper they were mixed for. */
  private readonly tinted = new Map<string, number>()
  private paper = ''
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
    const { length } = shown.tree.nodes
    this.grow(length)
    const holds = this.holdsFor(shown)
    if (!holds || this.stale.size || length !== this.count) this.version += 1
    if (!holds) this.count = 0
    else {
      for (const node of this.stale) if (node < this.count) this.paint(shown, node)
      for (const node of this.stale) if (node < this.count) this.climb(shown.tree, node)
    }
    const { count } = this
    for (let node = count; node < length; node += 1) this.paint(shown, node)
    this.count = length
    // Children have greater indices than their parents: one pass back gives every parent the best of its children.
    for (let node = length - 1; node >= count; node -= 1) {
      const parent = this.parents[node] as number
      if (parent < 0 || !this.raise(parent, node) || parent >= count) continue
      this.climb(shown.tree, parent)
    }
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
      pixel = packed(red, green, blue)
    }
    this.parsed.set(color, pixel)
    return pixel
  }

  private holdsFor(shown: Painted): boolean {
    const { of } = this
    return (
      of?.colouring === shown.colouring &&
      of.labelOf === shown.labelOf &&
      of.colors === shown.colors &&
      of.hidden === shown.hidden &&
      of.dimmed === shown.dimmed &&
      of.tree.nodes === shown.tree.nodes &&
      // Every colour of time changes with each new node.
      (shown.colouring !== 'time' || of.tree.seq === shown.tree.seq)
    )
  }

  private grow(length: number): void {
    this.pixels = grown(this.pixels, length)
    this.branches = grown(this.branches, length)
    this.best = grown(this.best, length)
    this.tints = grown(this.tints, length)
    this.parents = grown(this.parents, length)
    this.own = grown(this.own, length)
    this.ownTints = grown(this.ownTints, length)
  }

  private paint(shown: Painted, index: number): void {
    const { tree, colouring, colors, labelOf } = shown
    const node = tree.nodes[index] as TreeNode
    const gone = (tree.hope.cut[index] ?? node.status === 'pruned') || shown.dimmed(index)
    this.branches[index] = shown.hidden(index) ? hidden : gone ? pale : living
    const fill = gone ? null : colourOf(node, tree, colouring, colors, labelOf)
    this.pixels[index] = this.pixel(fill ?? (gone ? colors['ink-faint'] : colors.ink))
    this.own[index] = gone ? -1 : weightOf(node, tree, colouring, labelOf)
    this.ownTints[index] = gone
      ? this.pixel(colors.hairline)
      : fill
        ? this.tint(fill, colors.paper)
        : this.pixel(colors['hairline-strong'])
    if (index < this.count) return // what lies below is known: `climb` looks at it
    this.parents[index] = node.parents[0] ?? -1
    this.best[index] = this.own[index] as number
    this.tints[index] = this.ownTints[index] as number
  }

  private tint(color: string, paper: string): number {
    if (paper !== this.paper) this.tinted.clear()
    this.paper = paper
    const known = this.tinted.get(color)
    if (known !== undefined) return known
    const [over, under] = [this.pixel(color), this.pixel(paper)]
    const mixed = (shift: number) =>
      Math.round(tintShare * ((over >>> shift) & 255) + (1 - tintShare) * ((under >>> shift) & 255))
    const pixel = packed(mixed(0), mixed(8), mixed(16))
    this.tinted.set(color, pixel)
    return pixel
  }

  /** Gives a parent the best of its child; answers whether that changed anything. */
  private raise(parent: number, child: number): boolean {
    if ((this.best[child] as number) <= (this.best[parent] as number)) return false
    this.best[parent] = this.best[child] as number
    this.tints[parent] = this.tints[child] as number
    return true
  }

  /** Works out the best of a node anew, and of those above it as far as that changes anything. */
  private climb(tree: Tree, from: number): void {
    let index: number | undefined = from
    while (index !== undefined) {
      const [best, tint] = [this.best[index], this.tints[index]]
      this.best[index] = this.own[index] as number
      this.tints[index] = this.ownTints[index] as number
      const node = tree.nodes[index] as TreeNode
      for (const child of node.children) if (child < this.count && child > index) this.raise(index, child)
      if (index !== from && this.best[index] === best && this.tints[index] === tint) return
      index = node.parents[0]
    }
  }
}

const packed = (red: number, green: number, blue: number): number =>
  ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
