/** The living drawing: owns the canvas, draws a frame when something changed, and nothing when nothing did. */

import { type Colors, readColors } from '../../design/colors'
import type { Shape } from '../model/skeleton'
import type { Tree, TreeNode } from '../model/tree'
import { TreeCamera } from './camera'
import { CardText } from './card-text'
import type { Column } from './columns'
import { FarPicture } from './draw-far'
import { formulas } from './formulas'
import { cardInset, detailAt, gap, type Size, seen } from './geometry'
import { nodeUnder } from './hit'
import { Layout } from './layout'
import { Minimap } from './minimap'
import { Paints } from './paints'
import { type Format, picture, wholeView } from './picture'
import { render } from './render'
import { Scene } from './scene'
import type { ViewState } from './view-state'

/** What the page says about the picture; the rest of a view's state is the drawing's own. */
export type Shown = Omit<ViewState, 'scene' | 'camera' | 'size' | 'pixelRatio' | 'colors' | 'fonts' | 'now' | 'newPath'>

interface Watcher {
  /** The person moved the camera by hand. */
  cameraTaken: () => void
  /** A frame was drawn that shows every event up to `seq`. */
  painted: (seq: number) => void
}

export class TreeView {
  readonly camera: TreeCamera
  private readonly scene: Scene
  private readonly layout: Layout
  private readonly texts = new CardText()
  private readonly paints = new Paints()
  private readonly far = new FarPicture()
  private readonly minimap: Minimap
  private readonly context: CanvasRenderingContext2D
  private readonly motion = window.matchMedia('(prefers-reduced-motion: reduce)')
  private colors: Colors = readColors()
  private fonts = { mono: 'monospace', sans: 'sans-serif' }
  private size: Size = { width: 1, height: 1 }
  private frame = 0
  private fitted = false
  private handled = false
  private arriving = true
  private settling = false
  private live: readonly TreeNode[] = []
  private readonly unwatch: () => void
  following = false

  constructor(
    private readonly canvas: HTMLCanvasElement,
    minimap: HTMLCanvasElement,
    private shown: Shown,
    private readonly liveSeq: () => number,
    private readonly watcher: Watcher,
  ) {
    this.context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D
    const still = () => this.motion.matches
    this.scene = new Scene(still)
    this.camera = new TreeCamera(canvas, still, { moved: () => this.redraw(), taken: () => this.takeCamera() })
    this.minimap = new Minimap(minimap, (column, y) => {
      this.takeCamera()
      this.camera.centre(column, 0, y, this.camera.current.k, this.size, performance.now(), true)
    })
    this.layout = new Layout((columns) => this.takeColumns(columns))
    this.readFonts()
    void document.fonts?.ready.then(() => this.restyle())
    this.unwatch = formulas.onReady(() => this.redraw())
  }

  show(shown: Shown): void {
    // Of a moment in the past nobody says what changed since the last one.
    if (shown.tree.nodes !== this.live) this.paints.forget()
    this.shown = shown
    this.redraw()
  }

  /** A whole tree is about to come: lay it out meanwhile. */
  begin(shape: Shape): void {
    this.layout.begin(shape)
    this.arriving = false
    this.settling = true
  }

  /** New events were folded: place new nodes, and draw. `tree` is the live one, whatever is shown. */
  follow(tree: Tree, arriving: boolean, touched: Iterable<number> = []): void {
    this.paints.touch(touched)
    this.live = tree.nodes
    this.layout.follow(tree)
    // A tree that came in several pieces is straightened once it is whole; until then nobody has looked at it for long.
    if (this.arriving && !arriving && this.scene.placed) this.layout.tidy()
    if (this.arriving && !arriving) this.settling = true
    this.arriving = arriving
    this.redraw()
  }

  resize(size: Size): void {
    const ratio = window.devicePixelRatio || 1
    this.size = size
    this.canvas.width = Math.max(1, Math.round(size.width * ratio))
    this.canvas.height = Math.max(1, Math.round(size.height * ratio))
    // What a hand has not moved stays fitted when panels fold and windows change.
    if (this.following || !this.fitted || !this.handled) this.fit(true)
    this.draw(performance.now())
  }

  /** Colours or fonts changed. */
  restyle(): void {
    this.colors = readColors()
    this.readFonts()
    this.texts.clear()
    this.minimap.forget()
    this.paints.forget()
    this.redraw()
  }

  fit(atOnce = false): void {
    if (this.size.width < 2 || !this.scene.placed) return
    this.camera.fit(
      (pitch, tail) => this.scene.bounds(pitch, tail),
      this.scene.deepest,
      this.size,
      performance.now(),
      atOnce,
    )
    this.fitted = true
    this.handled = false
    this.redraw()
  }

  tidy(): void {
    this.layout.tidy()
  }

  zoomBy(factor: number): void {
    this.handled = true
    this.camera.zoomBy(factor, this.size, performance.now())
    this.redraw()
  }

  /** Moves as little as needed to have the node in view; `closer` also zooms until its text can be read. */
  reveal(node: number, closer = false): void {
    const place = this.tree.nodes[node]
    if (!place || node >= this.scene.placed) return
    const goal = this.camera.goal
    const y = this.scene.yOf(node, Number.POSITIVE_INFINITY)
    const k = closer && detailAt(goal.k) !== 'cards' ? 0.9 : goal.k
    const window = seen(goal, this.size, -24)
    const pitch = this.camera.pitchAt(goal.k)
    const half = detailAt(goal.k) === 'cards' ? (pitch - gap) / 2 : 0
    const x = place.depth * pitch + (half ? half - cardInset : 0)
    const inside = x - half > window.left && x + half < window.right && y > window.top && y < window.bottom
    if (inside && k === goal.k) return
    this.handled = true
    this.camera.centre(place.depth, half ? half - cardInset : 0, y, k, this.size, performance.now())
    this.redraw()
  }

  /** The node drawn under a point of the canvas. */
  nodeUnder(x: number, y: number): number | null {
    return nodeUnder(this.state(performance.now()), x, y)
  }

  /** Where a node's marker is drawn, in canvas pixels of CSS; null if it has no place. */
  locate(node: number): { x: number; y: number; k: number } | null {
    const place = this.tree.nodes[node]
    if (!place || node >= this.scene.placed) return null
    const { x, y, k } = this.camera.current
    return { x: place.depth * this.camera.pitch * k + x, y: this.scene.yOf(node, performance.now()) * k + y, k }
  }

  /** The tree as a file's content: as it is shown, or whole. */
  picture(format: Format, whole: boolean): Promise<Blob> {
    const shown = { ...this.state(performance.now()), hovered: null }
    if (!whole) return picture(shown, this.paints, format)
    const { camera, size, pitch } = wholeView(shown, format)
    return picture({ ...shown, camera, size, pixelRatio: 1, scene: this.scene.apart(pitch) }, this.paints, format)
  }

  redraw(): void {
    if (this.frame) return
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0
      this.draw(now)
    })
  }

  close(): void {
    cancelAnimationFrame(this.frame)
    this.unwatch()
    this.layout.close()
    this.minimap.close()
  }

  private takeCamera(): void {
    this.handled = true
    this.watcher.cameraTaken()
  }

  private get tree(): Tree {
    return this.shown.tree
  }

  private takeColumns(columns: Column[]): void {
    const first = this.scene.placed === 0
    const whole = this.arriving || this.settling
    this.scene.take(columns, performance.now(), whole)
    if (this.layout.settled) this.settling = false
    this.minimap.forget()
    if (first || !this.fitted || (whole && !this.handled)) this.fit(true)
    else if (this.following) this.keepInView()
    this.redraw()
  }

  /** While following, zooms out only when the tree has grown out of the window: the picture stays calm. */
  private keepInView(): void {
    const { k } = this.camera.goal
    const pitch = this.camera.pitchAt(k)
    const bounds = this.scene.bounds(pitch, detailAt(k) === 'cards' ? pitch - gap - cardInset : 0)
    const window = seen(this.camera.goal, this.size, -16)
    const outside =
      bounds.left < window.left ||
      bounds.right > window.right ||
      bounds.top < window.top ||
      bounds.bottom > window.bottom
    if (outside) this.fit()
  }

  private readFonts(): void {
    const style = getComputedStyle(document.documentElement)
    this.fonts = { mono: style.getPropertyValue('--mono'), sans: style.getPropertyValue('--sans') }
  }

  private state(now: number): ViewState {
    return {
      ...this.shown,
      scene: this.scene,
      camera: this.camera.current,
      size: this.size,
      pixelRatio: this.canvas.width / this.size.width,
      colors: this.colors,
      fonts: this.fonts,
      now,
      newPath: (d?: string) => new Path2D(d),
    }
  }

  private draw(now: number): void {
    this.camera.step(now)
    this.scene.pitch = this.camera.pitch
    const view = this.state(now)
    render(this.context, view, this.paints, this.texts, this.far)
    this.minimap.draw(view)
    if (this.layout.settled) this.watcher.painted(this.liveSeq())
    if (this.camera.flying || this.scene.moving(now)) this.redraw()
  }
}
