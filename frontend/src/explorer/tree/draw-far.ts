/**
 * The tree from afar, pixel by pixel: a column of the screen holds more nodes than pixels, and drawing each as a shape
 * costs a hundred times what the picture can show. Every pixel of a column shows one of the nodes on it, the one with the
 * best below it, and its branch in the colour of that best: what is drawn costs what the screen has, not what the tree
 * holds. The branches of a subtree fill a wedge, and where wedges overlap the better one lies on top. A hand that moves
 * the picture moves its pixels, and only what comes into view is drawn.
 */

import { FarNodes } from './far-nodes'
import { cardInset, gap } from './geometry'
import { living, type Paints } from './paints'
import { Bends, type Part, Raster } from './raster'
import type { ViewState } from './view-state'

/** The share of a column's width in which branches bend. */
const bendShare = 0.36

/** What a picture was drawn for. */
interface Drawn {
  x: number
  y: number
  k: number
  pitch: number
  scene: number
  paints: number
  ratio: number
}

/** The tree with dots for nodes, kept for as long as nothing moves: selecting a node must not cost a picture. */
export class FarPicture {
  private raster: Raster | null = null
  private of: Drawn | null = null
  private readonly nodes = new FarNodes()
  private readonly bends = new Bends()

  /** Draws it. The context's transform is not used. */
  draw(context: CanvasRenderingContext2D, view: ViewState, paints: Paints): void {
    const { width, height } = context.canvas
    if (this.raster?.width !== width || this.raster.height !== height) {
      this.raster = new Raster(width, height)
      this.of = null
    }
    const { raster } = this
    const wanted = drawnFor(view, paints)
    const moving = view.scene.moving(view.now)
    const bare = moving ? [raster.whole] : missing(raster, this.of, wanted)
    this.of = moving ? null : wanted
    if (bare.length) {
      const columns = Array.from(view.scene.columns, (column, depth) => {
        const right = screenX(view, depth)
        const pitch = wanted.pitch * wanted.k * wanted.ratio
        return column && right > -pitch && right - pitch < width ? this.nodes.inView(view, paints, column) : none
      })
      for (const part of bare) this.drawPart(raster, view, paints, columns, part)
    }
    context.putImageData(raster.image, 0, 0)
  }

  private drawPart(raster: Raster, view: ViewState, paints: Paints, columns: Int32Array[], part: Part): void {
    raster.clear(part, paints.pixel(view.colors.paper))
    const y = screenY(view)
    for (const [depth, nodes] of columns.entries())
      if (depth && nodes.length) this.drawBranches(raster, view, paints, depth, nodes, y, part)
    const size = Math.max(2, Math.round(2.4 * view.pixelRatio))
    for (const [depth, nodes] of columns.entries()) {
      const x = screenX(view, depth)
      if (x < part.left - size || x > part.right + size) continue
      for (let i = 0; i < nodes.length; i += 1) {
        const node = nodes[i] as number
        const small = paints.branches[node] === living ? size : 1
        const at = y(node)
        raster.block(part, Math.round(x - small / 2), Math.round(at - small / 2), small, paints.pixels[node] as number)
      }
    }
  }

  private drawBranches(
    raster: Raster,
    view: ViewState,
    paints: Paints,
    depth: number,
    nodes: Int32Array,
    y: (node: number) => number,
    part: Part,
  ): void {
    const right = screenX(view, depth)
    const scale = view.camera.k * view.pixelRatio
    const pitch = view.scene.pitch * scale
    if (right < part.left || right - pitch > part.right) return
    const left = Math.round(right - pitch)
    const bend = Math.round(right - cardInset * scale - Math.max(gap * scale, pitch * bendShare))
    this.bends.begin(part, bend, bendOf(Math.max(0, Math.round(right) - bend)))
    for (const wanted of [false, true]) {
      for (let i = 0; i < nodes.length; i += 1) {
        const node = nodes[i] as number
        if ((paints.branches[node] === living) !== wanted) continue
        const parent = paints.parents[node] as number
        if (parent < 0) continue
        const from = Math.round(y(parent))
        const to = Math.round(y(node))
        if ((from < part.top && to < part.top) || (from >= part.bottom && to >= part.bottom)) continue
        const pixel = paints.tints[node] as number
        raster.run(part, left, bend, from, pixel)
        this.bends.draw(from, to, pixel)
      }
    }
    raster.lay(this.bends)
  }
}

const none = new Int32Array(0)

function drawnFor(view: ViewState, paints: Paints): Drawn {
  const { x, y, k } = view.camera
  const [scene, pitch, ratio] = [view.scene.version, view.scene.pitch, view.pixelRatio]
  return { x, y, k, pitch, scene, paints: paints.version, ratio }
}

/** The parts of the picture that are not as they should be, after those that are were moved into their places. */
function missing(raster: Raster, is: Drawn | null, wanted: Drawn): Part[] {
  const same = is && (['k', 'pitch', 'scene', 'paints', 'ratio'] as const).every((name) => is[name] === wanted[name])
  if (!is || !same) return [raster.whole]
  const right = (wanted.x - is.x) * wanted.ratio
  const down = (wanted.y - is.y) * wanted.ratio
  const [columns, rows] = [Math.round(right), Math.round(down)]
  const fits = Math.abs(columns) < raster.width && Math.abs(rows) < raster.height
  // Between two pixels nothing can be moved without a blur.
  if (!fits || Math.abs(right - columns) > 1e-3 || Math.abs(down - rows) > 1e-3) return [raster.whole]
  return raster.shift(columns, rows)
}

const screenX = (view: ViewState, depth: number): number =>
  (view.scene.x(depth) * view.camera.k + view.camera.x) * view.pixelRatio

/** The height of a node's middle on the screen. */
function screenY({ scene, camera, pixelRatio, now }: ViewState): (node: number) => number {
  const [scale, offset] = [camera.k * pixelRatio, camera.y * pixelRatio]
  const resting = scene.atRest(now)
  if (!resting) return (node) => scene.yOf(node, now) * scale + offset
  return (node) => (resting[node] as number) * scale + offset
}

/** A gentle S from 0 to 1 in so many pixels. */
function bendOf(length: number): Float32Array {
  return Float32Array.from({ length: length + 1 }, (_, i) => {
    const share = i / Math.max(1, length)
    return share * share * (3 - 2 * share)
  })
}
