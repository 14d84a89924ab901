/** What a drawing of the tree depends on, besides the tree itself. */

import type { Colors } from '../../design/colors'
import type { Tree } from '../model/tree'
import type { Colouring, LabelOf, Measure } from './colouring'
import type { Camera, Size } from './geometry'
import type { Scene } from './scene'
import type { Twins } from './twins'

export interface ViewState {
  tree: Tree
  scene: Scene
  camera: Camera
  size: Size
  pixelRatio: number
  colors: Colors
  fonts: { mono: string; sans: string }
  colouring: Colouring
  labelOf: LabelOf
  /** What sizes of nodes and widths of branches say; null is one for all. */
  sized: Measure
  widened: Measure
  twins: Twins
  bookmarked: ReadonlySet<number>
  visited: ReadonlySet<number>
  selected: number | null
  hovered: number | null
  /** Nodes from the root to the selected one. */
  trail: ReadonlySet<number>
  chosen: ReadonlySet<number>
  /** Folded subtrees' roots; what lies below them is not drawn. */
  folded: ReadonlySet<number>
  /** Inside a folded subtree, or left out by choice. */
  hidden: (node: number) => boolean
  /** Outside the hoisted subtree, or of a kind that the legend dims. */
  dimmed: (node: number) => boolean
  now: number
  /** A path to gather strokes in, or of known data: the browser's own, or one that is written down. */
  newPath: (d?: string) => Path2D
}

/** Whether the node is on the screen at all, now: the scrubber may have gone back to before it was added. */
export function isDrawn(view: ViewState, node: number): boolean {
  return node < view.tree.nodes.length && node < view.scene.placed && !view.hidden(node)
}
