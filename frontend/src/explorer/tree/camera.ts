/** Pan and zoom by mouse, wheel, touch and program (d3-zoom), with eased flights that any touch of a hand ends. */

import { select } from 'd3-selection'
import { type D3ZoomEvent, type ZoomBehavior, zoom, zoomIdentity } from 'd3-zoom'
import { type Camera, leastZoom, type Size } from './geometry'
import { type BoundsAt, Spread } from './spread'

const flightTime = 220
const most = 3

interface Watcher {
  moved: () => void
  /** The person took the camera: following must stop. */
  taken: () => void
}

export class TreeCamera {
  current: Camera = { x: 0, y: 0, k: 1 }
  private readonly spread = new Spread()
  private readonly behaviour: ZoomBehavior<HTMLElement, unknown>
  /** The zoom at which the fingers were put down. */
  private pinchedFrom = 1
  private flight: { from: Camera; to: Camera; start: number } | null = null

  constructor(
    private readonly element: HTMLElement,
    private readonly still: () => boolean,
    private readonly watcher: Watcher,
  ) {
    this.behaviour = zoom<HTMLElement, unknown>()
      .scaleExtent([leastZoom, most])
      .clickDistance(4)
      .filter((event: Event) => event.type !== 'wheel' && !(event as MouseEvent).button)
      .on('zoom', ({ transform, sourceEvent }: D3ZoomEvent<HTMLElement, unknown>) => {
        this.current = { x: transform.x, y: transform.y, k: transform.k }
        if (sourceEvent) {
          if (sourceEvent.type === 'touchmove') this.pinch(sourceEvent as TouchEvent)
          this.flight = null
          watcher.taken()
        }
        watcher.moved()
      })
    select(element).call(this.behaviour).on('dblclick.zoom', null)
    for (const kind of ['touchstart', 'touchend', 'touchcancel'])
      element.addEventListener(kind, () => (this.pinchedFrom = this.current.k), { passive: true })
    element.addEventListener('wheel', (event) => this.wheel(event), { passive: false })
  }

  /** The distance of columns at the zoom of now. */
  get pitch(): number {
    return this.spread.pitchAt(this.current.k)
  }

  get flying(): boolean {
    return this.flight !== null
  }

  /** Where the camera is going, or is. */
  get goal(): Camera {
    return this.flight?.to ?? this.current
  }

  /** Goes to `camera`, eased unless `atOnce` or the person prefers stillness. */
  go(camera: Camera, now: number, atOnce = false): void {
    if (atOnce || this.still()) {
      this.flight = null
      this.put(camera)
    } else this.flight = { from: this.current, to: camera, start: now }
  }

  step(now: number): void {
    if (!this.flight) return
    const { from, to, start } = this.flight
    const progress = Math.min(1, Math.max(0, (now - start) / flightTime))
    const share = 1 - (1 - progress) ** 3
    // Zoom by ratios, so that a flight looks evenly fast.
    const k = progress >= 1 ? to.k : from.k * (to.k / from.k) ** share
    if (progress >= 1) this.flight = null
    this.put({ k, x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share })
  }

  fit(boundsAt: BoundsAt, deepest: number, size: Size, now: number, atOnce = false): void {
    this.go(this.spread.fit(boundsAt, deepest, size), now, atOnce)
  }

  /** Brings a point to the middle at zoom `k`: `column` and a distance into it, and a height. */
  centre(column: number, into: number, y: number, k: number, size: Size, now: number, atOnce = false): void {
    const x = column * this.spread.pitchAt(k) + into
    this.go({ k, x: size.width / 2 - x * k, y: size.height / 2 - y * k }, now, atOnce)
  }

  pitchAt(k: number): number {
    return this.spread.pitchAt(k)
  }

  zoomBy(factor: number, size: Size, now: number): void {
    const { goal } = this
    this.go(this.spread.zoomed(goal, within(goal.k * factor), size.width / 2, size.height / 2), now)
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault()
    const unit = event.deltaMode === 1 ? 0.05 : event.deltaMode ? 1 : 0.002
    const k = within(this.current.k * 2 ** (-event.deltaY * unit * (event.ctrlKey ? 6 : 1)))
    const box = this.element.getBoundingClientRect()
    this.flight = null
    this.watcher.taken()
    this.put(this.spread.zoomed(this.current, k, event.clientX - box.left, event.clientY - box.top))
  }

  /**
   * d3 keeps the tree's points under the fingers as if columns were always equally far apart. They are not (spread.ts): the
   * place between the fingers is put back under them, and d3 told where that is.
   */
  private pinch({ touches }: TouchEvent): void {
    const { k } = this.current
    if (k === this.pinchedFrom || !touches.length) return
    const box = this.element.getBoundingClientRect()
    const middle = [...touches].reduce((sum, touch) => sum + touch.clientX - box.left, 0) / touches.length
    const column = (middle - this.current.x) / k / this.spread.pitchAt(this.pinchedFrom)
    this.current.x = middle - column * this.spread.pitchAt(k) * k
    const { x, y } = this.current
    Object.assign(this.element, { __zoom: zoomIdentity.translate(x, y).scale(k) })
  }

  private put(camera: Camera): void {
    select(this.element).call(this.behaviour.transform, zoomIdentity.translate(camera.x, camera.y).scale(camera.k))
  }
}

const within = (k: number): number => Math.min(most, Math.max(leastZoom, k))
