/** The whole tree in a corner, and the part of it in view; a press or drag there moves the camera. Both axes fill their room. */

import { colourOf } from './colouring'
import { type Bounds, cardInset, rowHeight, seen } from './geometry'
import { isDrawn, type ViewState } from './view-state'

const room = 8

export class Minimap {
  private picture: HTMLCanvasElement | null = null
  /** Pixels per column and per row's worth of height, and where column 0 and height 0 lie. */
  private scale = { column: 1, height: 1, x: 0, y: 0 }
  private readonly context: CanvasRenderingContext2D
  private readonly abort = new AbortController()

  constructor(
    private readonly canvas: HTMLCanvasElement,
    /** Brings a place of the tree, in columns and height, to the middle of the window. */
    private readonly go: (column: number, y: number) => void,
  ) {
    this.context = canvas.getContext('2d') as CanvasRenderingContext2D
    const { signal } = this.abort
    canvas.addEventListener('pointerdown', (event) => this.drag(event), { signal })
    canvas.addEventListener('pointermove', (event) => event.buttons && this.drag(event), { signal })
  }

  /** The tree or its colours changed: draw it anew next time. */
  forget(): void {
    this.picture = null
  }

  close(): void {
    this.abort.abort()
  }

  draw(view: ViewState): void {
    const width = this.canvas.clientWidth
    const height = this.canvas.clientHeight
    const window = seen(view.camera, view.size)
    const bounds = view.scene.bounds()
    // Nothing to find while everything is in view, or while there is nothing.
    const all = view.scene.empty || holds(window, bounds, view.scene.cardWidth)
    this.canvas.classList.toggle('idle', all)
    if (all || !width) return
    if (!this.picture || this.canvas.width !== Math.round(width * view.pixelRatio)) this.redraw(view, width, height)
    const { context, scale } = this
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.canvas.width, this.canvas.height)
    context.drawImage(this.picture as HTMLCanvasElement, 0, 0)
    context.setTransform(view.pixelRatio, 0, 0, view.pixelRatio, 0, 0)
    const { pitch } = view.scene
    const left = Math.max(1, (window.left / pitch) * scale.column + scale.x)
    const top = Math.max(1, window.top * scale.height + scale.y)
    const right = Math.min(width - 1, (window.right / pitch) * scale.column + scale.x)
    const bottom = Math.min(height - 1, window.bottom * scale.height + scale.y)
    context.strokeStyle = view.colors.accent
    context.lineWidth = 1.5
    context.strokeRect(left, top, Math.max(2, right - left), Math.max(2, bottom - top))
  }

  private redraw(view: ViewState, width: number, height: number): void {
    this.canvas.width = Math.round(width * view.pixelRatio)
    this.canvas.height = Math.round(height * view.pixelRatio)
    this.picture = document.createElement('canvas')
    this.picture.width = this.canvas.width
    this.picture.height = this.canvas.height
    const context = this.picture.getContext('2d') as CanvasRenderingContext2D
    context.scale(view.pixelRatio, view.pixelRatio)
    const bounds = view.scene.bounds()
    const deepest = Math.max(1, view.scene.columns.length - 1)
    const tall = Math.min(0.25, (height - 2 * room) / Math.max(1, bounds.bottom - bounds.top))
    this.scale = {
      column: (width - 2 * room - 4) / deepest,
      x: room,
      height: tall,
      y: height / 2 - ((bounds.top + bounds.bottom) / 2) * tall,
    }
    for (const column of view.scene.columns) {
      if (!column) continue
      const x = column.depth * this.scale.column + this.scale.x
      let drawnAt = Number.NEGATIVE_INFINITY
      for (let i = 0; i < column.order.length; i += 1) {
        const y = (column.heights[i] as number) * rowHeight * this.scale.height + this.scale.y
        const index = column.order[i] as number
        if (y - drawnAt < 0.7 || !isDrawn(view, index)) continue
        drawnAt = y
        this.dot(context, view, index, x, y)
      }
    }
  }

  private dot(context: CanvasRenderingContext2D, view: ViewState, index: number, x: number, y: number): void {
    const node = view.tree.nodes[index]
    if (!node) return
    const gone = node.status === 'pruned'
    const chosen = view.chosen.has(index)
    const size = chosen ? 3.5 : gone ? 1.2 : 2.4
    const fill = colourOf(node, view.tree, view.colouring, view.colors, view.labelOf)
    context.fillStyle = chosen
      ? view.colors.accent
      : gone
        ? view.colors['ink-faint']
        : (fill ?? view.colors['ink-soft'])
    context.fillRect(x - 1, y - size / 2, gone ? 3 : 6, size)
  }

  private drag(event: PointerEvent): void {
    event.preventDefault()
    const box = this.canvas.getBoundingClientRect()
    const { column, x, height, y } = this.scale
    this.go((event.clientX - box.left - x) / column, (event.clientY - box.top - y) / height)
  }
}

/** Whether `window` shows all of `bounds`; the empty margin of the last card does not count. */
function holds(window: Bounds, bounds: Bounds, cardWidth: number): boolean {
  const across = window.left <= bounds.left + cardInset && window.right >= bounds.right - cardWidth + 2 * cardInset
  return across && window.top <= bounds.top && window.bottom >= bounds.bottom
}
