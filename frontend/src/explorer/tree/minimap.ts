/** The whole tree in a corner, and the part of it in view; a press or drag there moves the camera. */

import { colourOf } from './colouring'
import { columnX, fitting, rowHeight, seen } from './geometry'
import { isDrawn, type ViewState } from './view-state'

export class Minimap {
  private picture: HTMLCanvasElement | null = null
  private camera = { x: 0, y: 0, k: 1 }
  private readonly context: CanvasRenderingContext2D
  private readonly abort = new AbortController()

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly go: (x: number, y: number) => void,
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
    const all =
      window.left <= bounds.left &&
      window.right >= bounds.right &&
      window.top <= bounds.top &&
      window.bottom >= bounds.bottom
    // Nothing to find while everything is in view.
    this.canvas.classList.toggle('idle', all)
    if (all || !width) return
    const ratio = view.pixelRatio
    if (!this.picture || this.canvas.width !== Math.round(width * ratio)) this.redraw(view, width, height, ratio)
    const { context, camera } = this
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.canvas.width, this.canvas.height)
    context.drawImage(this.picture as HTMLCanvasElement, 0, 0)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.strokeStyle = view.colors.accent
    context.lineWidth = 1.5
    const left = Math.max(1, window.left * camera.k + camera.x)
    const top = Math.max(1, window.top * camera.k + camera.y)
    const right = Math.min(width - 1, window.right * camera.k + camera.x)
    const bottom = Math.min(height - 1, window.bottom * camera.k + camera.y)
    context.strokeRect(left, top, Math.max(2, right - left), Math.max(2, bottom - top))
  }

  private redraw(view: ViewState, width: number, height: number, ratio: number): void {
    this.canvas.width = Math.round(width * ratio)
    this.canvas.height = Math.round(height * ratio)
    this.picture = document.createElement('canvas')
    this.picture.width = this.canvas.width
    this.picture.height = this.canvas.height
    const context = this.picture.getContext('2d') as CanvasRenderingContext2D
    context.scale(ratio, ratio)
    this.camera = fitting(view.scene.bounds(), { width, height }, 1, 8)
    for (const column of view.scene.columns) {
      if (!column) continue
      const x = columnX(column.depth) * this.camera.k + this.camera.x
      let drawnAt = Number.NEGATIVE_INFINITY
      for (let i = 0; i < column.order.length; i += 1) {
        const y = (column.heights[i] as number) * rowHeight * this.camera.k + this.camera.y
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
    const fill = colourOf(node, view.tree, view.colouring, view.colors)
    context.fillStyle = chosen
      ? view.colors.accent
      : gone
        ? view.colors['ink-faint']
        : (fill ?? view.colors['ink-soft'])
    context.fillRect(x - size / 2, y - size / 2, size * (gone ? 1 : 1.6), size)
  }

  private drag(event: PointerEvent): void {
    event.preventDefault()
    const box = this.canvas.getBoundingClientRect()
    this.go(
      (event.clientX - box.left - this.camera.x) / this.camera.k,
      (event.clientY - box.top - this.camera.y) / this.camera.k,
    )
  }
}
