/** Pan and zoom by mouse, wheel, touch and program (d3-zoom), with eased flights that any touch of a hand ends. */

import { select } from 'd3-selection'
import { type D3ZoomEvent, type ZoomBehavior, zoom, zoomIdentity } from 'd3-zoom'
import type { Bounds, Camera, Size } from './geometry'
import { fitting } from './geometry'

const flightTime = 220

interface Watcher {
  moved: () => void
  /** The person took the camera: following must stop. */
  taken: () => void
}

export class TreeCamera {
  current: Camera = { x: 0, y: 0, k: 1 }
  private readonly behaviour: ZoomBehavior<HTMLElement, unknown>
  private flight: { from: Camera; to: Camera; start: number } | null = null

  constructor(
    private readonly element: HTMLElement,
    private readonly still: () => boolean,
    watcher: Watcher,
  ) {
    this.behaviour = zoom<HTMLElement, unknown>()
      .scaleExtent([0.002, 3])
      .clickDistance(4)
      .on('zoom', ({ transform, sourceEvent }: D3ZoomEvent<HTMLElement, unknown>) => {
        this.current = { x: transform.x, y: transform.y, k: transform.k }
        if (sourceEvent) {
          this.flight = null
          watcher.taken()
        }
        watcher.moved()
      })
    select(element).call(this.behaviour).on('dblclick.zoom', null)
  }

  /** Goes to `camera`, eased unless `at once` or the person prefers stillness. */
  go(camera: Camera, now: number, atOnce = false): void {
    if (atOnce || this.still()) {
      this.flight = null
      this.put(camera)
    } else this.flight = { from: this.current, to: camera, start: now }
  }

  get flying(): boolean {
    return this.flight !== null
  }

  /** Where the camera is going, or is. */
  get goal(): Camera {
    return this.flight?.to ?? this.current
  }

  step(now: number): void {
    if (!this.flight) return
    const { from, to, start } = this.flight
    const progress = Math.min(1, Math.max(0, (now - start) / flightTime))
    const share = 1 - (1 - progress) ** 3
    // Zoom by ratios, so that a flight looks evenly fast.
    const k = from.k * (to.k / from.k) ** share
    if (progress >= 1) this.flight = null
    this.put({ k, x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share })
  }

  fit(bounds: Bounds, size: Size, now: number, atOnce = false): void {
    this.go(fitting(bounds, size), now, atOnce)
  }

  /** Brings a point of the tree to the middle, at zoom `k`. */
  centre(x: number, y: number, k: number, size: Size, now: number): void {
    this.go({ k, x: size.width / 2 - x * k, y: size.height / 2 - y * k }, now)
  }

  zoomBy(factor: number, size: Size, now: number): void {
    const { x, y, k } = this.goal
    const next = Math.min(3, Math.max(0.002, k * factor))
    const ratio = next / k
    this.go(
      { k: next, x: size.width / 2 - (size.width / 2 - x) * ratio, y: size.height / 2 - (size.height / 2 - y) * ratio },
      now,
    )
  }

  private put(camera: Camera): void {
    select(this.element).call(this.behaviour.transform, zoomIdentity.translate(camera.x, camera.y).scale(camera.k))
  }
}
