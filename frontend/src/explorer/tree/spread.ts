/**
 * How far apart columns are drawn. A search tree is often far taller than wide: seen whole, its columns would shrink to a
 * thin stripe. From afar columns spread to fill the window, and cards grow with them; up close they lie at their usual pitch.
 */

import {
  type Bounds,
  type Camera,
  cardInset,
  cardsFrom,
  columnPitch,
  dotsBelow,
  fitting,
  gap,
  type Size,
  stageRoom,
} from './geometry'

/** From this zoom on nothing is spread. */
const closeUp = 0.8
const widestCards = 1.7
const widestShapes = 5
/** Room that a mark without a card needs to its right. */
const markTail = 24

/** What the tree covers with columns `pitch` apart and `tail` to the right of the last markers. */
export type BoundsAt = (pitch: number, tail: number) => Bounds

export class Spread {
  private widest = 1
  private from = closeUp

  /** The pitch of columns at zoom `k`. */
  pitchAt(k: number): number {
    if (k >= closeUp || this.widest === 1) return columnPitch
    if (k <= this.from) return columnPitch * this.widest
    const nearness = Math.log(k / this.from) / Math.log(closeUp / this.from)
    return columnPitch * this.widest ** (1 - nearness)
  }

  /** Fits a tree of `deepest` levels in the window, spreading its columns where its height decides the zoom. */
  fit(boundsAt: BoundsAt, deepest: number, size: Size): Camera {
    this.widest = 1
    const plain = fitting(boundsAt(columnPitch, columnPitch - gap - cardInset), size)
    if (plain.k >= closeUp) return plain
    const cards = plain.k >= cardsFrom
    this.from = cards ? plain.k : Math.min(fitting(boundsAt(columnPitch, markTail), size).k, cardsFrom * 0.98)
    const free = (size.width - 2 * stageRoom.side) / this.from
    const pitch = cards ? (free + gap) / (deepest + 1) : (free - cardInset - markTail) / Math.max(1, deepest)
    // From so far that nodes are dots, the columns take all the width there is.
    const most = cards ? widestCards : this.from < dotsBelow ? Number.POSITIVE_INFINITY : widestShapes
    this.widest = Math.min(most, Math.max(1, pitch / columnPitch))
    const chosen = columnPitch * this.widest
    return fitting(boundsAt(chosen, cards ? chosen - gap - cardInset : markTail), size, this.from)
  }

  /** The camera after zooming to `k` while the point of the tree under (x, y) of the screen stays there. */
  zoomed(camera: Camera, k: number, x: number, y: number): Camera {
    const column = (x - camera.x) / camera.k / this.pitchAt(camera.k)
    const ratio = k / camera.k
    return { k, x: x - column * this.pitchAt(k) * k, y: y - (y - camera.y) * ratio }
  }
}
