/** The whole tree fits, fills its window, and the point under the pointer stays under it. */

import { describe, expect, it } from 'vitest'
import { cardInset, columnPitch, gap } from './geometry'
import { type BoundsAt, Spread } from './spread'

const size = { width: 800, height: 500 }
const tree =
  (deepest: number, height: number): BoundsAt =>
  (pitch, tail) => ({ left: -cardInset, top: -height / 2, right: deepest * pitch + tail, bottom: height / 2 })

describe('spread', () => {
  it('leaves a small tree at its usual pitch', () => {
    const spread = new Spread()
    const camera = spread.fit(tree(1, 200), 1, size)
    expect(camera.k).toBeGreaterThan(0.8)
    expect(spread.pitchAt(camera.k)).toBe(columnPitch)
  })

  it.each([
    [3, 700],
    [3, 3000],
    [3, 60_000],
    [9, 3000],
  ])('shows all of a tree %i levels deep and %i high', (deepest, height) => {
    const spread = new Spread()
    const camera = spread.fit(tree(deepest, height), deepest, size)
    const right = camera.x + deepest * spread.pitchAt(camera.k) * camera.k
    expect(camera.x).toBeGreaterThan(0)
    expect(right).toBeLessThan(size.width)
    expect(camera.y - (height / 2) * camera.k).toBeGreaterThan(0)
    expect(camera.y + (height / 2) * camera.k).toBeLessThan(size.height)
  })

  it('widens the columns of a tall tree', () => {
    const spread = new Spread()
    const camera = spread.fit(tree(3, 3000), 3, size)
    expect(spread.pitchAt(camera.k)).toBeGreaterThan(1.5 * columnPitch)
    expect(spread.pitchAt(1)).toBe(columnPitch)
  })

  it('keeps the point under the pointer where it is', () => {
    const spread = new Spread()
    const camera = spread.fit(tree(3, 3000), 3, size)
    const at = { x: camera.x + 2 * spread.pitchAt(camera.k) * camera.k, y: camera.y + 300 * camera.k }
    const near = spread.zoomed(camera, 1, at.x, at.y)
    expect(near.x + 2 * spread.pitchAt(1)).toBeCloseTo(at.x, 6)
    expect(near.y + 300).toBeCloseTo(at.y, 6)
    expect(gap).toBe(40)
  })
})
