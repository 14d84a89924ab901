/** Where every node is drawn now: the layout's columns, with 150 ms of easing between what was and what is wished. */

import type { Column } from './columns'
import { type Bounds, cardHeight, cardInset, columnPitch, gap, rowHeight } from './geometry'
import { grown } from './grown'

const easing = 150

export class Scene {
  readonly columns: Column[] = []
  /** Distance of the columns now; wider where a tall tree is seen from afar (spread.ts). */
  pitch = columnPitch
  /** Nodes that have a place: indices below this. */
  placed = 0
  /** Changes whenever a node is given another place. */
  version = 0
  private wished = new Float32Array(1024)
  private from = new Float32Array(1024)
  private movedAt = new Float64Array(1024).fill(-easing)
  private bornAt = new Float64Array(1024).fill(-easing)
  private restAt = 0

  constructor(private readonly still: () => boolean = () => false) {}

  /** Takes the columns that changed; new nodes ease in and moved ones over, unless all shall be there `atOnce`. */
  take(columns: Column[], now: number, atOnce = false): void {
    this.version += 1
    const calm = atOnce || this.still() || this.placed === 0
    const known = this.placed
    for (const column of columns) {
      for (let i = 0; i < column.order.length; i += 1) {
        const node = column.order[i] as number
        this.place(node, (column.heights[i] as number) * rowHeight, now, calm, node >= known)
      }
      this.columns[column.depth] = column
    }
  }

  private place(node: number, y: number, now: number, calm: boolean, fresh: boolean): void {
    this.grow(node + 1)
    if (fresh) {
      this.from[node] = y
      this.bornAt[node] = calm ? -easing : now
      this.placed = Math.max(this.placed, node + 1)
    } else if (Math.abs((this.wished[node] as number) - y) > 0.01) {
      this.from[node] = calm ? y : this.yOf(node, now)
      this.movedAt[node] = now
    } else return
    this.wished[node] = y
    if (!calm) this.restAt = now + easing
  }

  private grow(count: number): void {
    this.wished = grown(this.wished, count)
    this.from = grown(this.from, count)
    this.movedAt = grown(this.movedAt, count, -easing)
    this.bornAt = grown(this.bornAt, count, -easing)
  }

  /** The same places with columns `pitch` apart, for a picture beside the living one. */
  apart(pitch: number): Scene {
    return Object.assign(Object.create(this) as Scene, { pitch })
  }

  x(depth: number): number {
    return depth * this.pitch
  }

  /** Whether something is still easing. */
  moving(now: number): boolean {
    return now < this.restAt
  }

  /** Every node's height, where nothing eases: read by who looks at thousands of them in a frame. */
  atRest(now: number): Float32Array | null {
    return this.moving(now) ? null : this.wished
  }

  yOf(node: number, now: number): number {
    const progress = (now - (this.movedAt[node] as number)) / easing
    const to = this.wished[node] as number
    if (progress >= 1) return to
    const from = this.from[node] as number
    return from + (to - from) * eased(progress)
  }

  /** 0 when just added, 1 when fully there. */
  presence(node: number, now: number): number {
    const progress = (now - (this.bornAt[node] as number)) / easing
    return progress >= 1 ? 1 : eased(Math.max(0, progress))
  }

  /** Cards fill their column but for the gap. */
  get cardWidth(): number {
    return this.pitch - gap
  }

  get empty(): boolean {
    return !this.columns.some((column) => column?.order.length)
  }

  get deepest(): number {
    return Math.max(0, this.columns.length - 1)
  }

  /** What the tree covers, with columns `pitch` apart and `tail` to the right of the last markers. */
  bounds(pitch = this.pitch, tail = this.cardWidth - cardInset): Bounds {
    let top = 0
    let bottom = 0
    for (const column of this.columns) {
      if (!column?.order.length) continue
      top = Math.min(top, (column.heights[0] as number) * rowHeight)
      bottom = Math.max(bottom, (column.heights.at(-1) as number) * rowHeight)
    }
    return {
      left: -cardInset,
      top: top - cardHeight / 2,
      right: this.deepest * pitch + tail,
      bottom: bottom + cardHeight / 2,
    }
  }
}

function eased(progress: number): number {
  return 1 - (1 - progress) ** 3
}
