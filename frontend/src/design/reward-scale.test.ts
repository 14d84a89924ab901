import { describe, expect, it } from 'vitest'
import { fromOklab, rewardColor } from './reward-scale'

/** Relative luminance (WCAG 2.2) of #rrggbb. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

describe('the reward scale', () => {
  it('runs from blue to gold and clips what lies outside', () => {
    expect(rewardColor(0)).toBe('#2c529a')
    expect(rewardColor(1)).toBe('#f5ce30')
    expect(rewardColor(-3)).toBe(rewardColor(0))
    expect(rewardColor(7)).toBe(rewardColor(1))
  })

  it('has no colour for what has no reward', () => {
    expect(rewardColor(null)).toBeNull()
    expect(rewardColor(undefined)).toBeNull()
    expect(rewardColor(Number.NaN)).toBeNull()
  })

  it('gets lighter all the way, so it reads without hue', () => {
    const luminances = Array.from({ length: 101 }, (_, step) => luminance(rewardColor(step / 100)!))
    for (let step = 1; step < luminances.length; step++)
      expect(luminances[step]).toBeGreaterThanOrEqual(luminances[step - 1]!)
    expect(luminances[100]! / luminances[0]!).toBeGreaterThan(6)
  })

  it('converts OKLab as its author’s reference does', () => {
    expect(fromOklab([1, 0, 0])).toEqual([255, 255, 255])
    expect(fromOklab([0.627955, 0.224863, 0.125846])).toEqual([255, 0, 0])
  })
})
