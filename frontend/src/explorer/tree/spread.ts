/**
 * How far apart columns are drawn. A search tree is often far taller than wide: seen whole, its columns would shrink to a
 * thin stripe. From afar, where no text is drawn, columns spread to fill the window; up close they are a card's width apart.
 */

import {
  type Bounds,
  type Camera,
  cardsFrom,
  columnPitch,
  fitting,
  type Size,
  stageRoom,
  widestSpread,
} from './geometry'

export class Spread {
  private widest = 1
  private from = cardsFrom

  /** The pitch of columns at zoom `k`. */
  pitchAt(k: number): number {
    if (k >= cardsFrom || this.widest === 1) return columnPitch
    if (k <= this.from) return columnPitch * this.widest
    const nearness = Math.log(k / this.from) / Math.log(cardsFrom / this.from)
    return columnPitch * this.widest ** (1 - nearness)
  }

  /** Fits the tree in the window, spreading its columns where its height decides the zoom. */
  fit(boundsAt: (pitch: number) => Bounds, size: Size): Camera {
    this.widest = 1
    const plain = fitting(boundsAt(columnPitch), size)
    if (plain.k >= cardsFrom) return plain
    const bounds = boundsAt(columnPitch)
    const free = (size.width - 2 * stageRoom.side) / ((bounds.right - bounds.left) * plain.k)
    this.widest = Math.min(widestSpread, Math.max(1, free))
    this.from = Math.min(plain.k, cardsFrom * 0.98)
    return fitting(boundsAt(columnPitch * this.widest), size)
  }

  /** The camera after zooming to `k` while the point of the tree under (x, y) of the screen stays there. */
  zoomed(camera: Camera, k: number, x: number, y: number): Camera {
    const column = (x - camera.x) / camera.k / this.pitchAt(camera.k)
    const ratio = k / camera.k
    return { k, x: x - column * this.pitchAt(k) * k, y: y - (y - camera.y) * ratio }
  }
}
