import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light! + 0.05) / (dark! + 0.05)
}

const css = readFileSync('src/design/tokens.css', 'utf8')

function block(start: string): Record<string, string> {
  const body = css.slice(css.indexOf(start)).split('}')[0]!
  return Object.fromEntries([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [found[1]!, found[2]!]))
}

const light = block(':root {')
const dark = { ...light, ...block(':root[data-theme="dark"]') }

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s theme', (_, colors) => {
  const words = [
    'ink',
    'ink-soft',
    'ink-faint',
    'accent',
    'accent-strong',
    'running',
    'paused',
    'failed',
    'correct',
    'wrong',
  ]

  it.each(words)('%s can be read on every ground (AA, 4.5:1)', (name) => {
    for (const ground of ['paper', 'surface', 'sunken']) {
      expect(contrast(colors[name]!, colors[ground]!), ground).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('can be read on the accent, on a chosen row and in an error', () => {
    expect(contrast(colors['accent-ink']!, colors.accent!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colors['accent-strong']!, colors['accent-wash']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colors['ink-soft']!, colors['accent-wash']!)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colors.ink!, colors['failed-wash']!)).toBeGreaterThanOrEqual(4.5)
  })

  it('shows where a field is (3:1)', () => {
    for (const ground of ['paper', 'surface'])
      expect(contrast(colors.control!, colors[ground]!)).toBeGreaterThanOrEqual(3)
  })
})
