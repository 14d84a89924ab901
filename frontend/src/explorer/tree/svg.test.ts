/** What is written down is well-formed SVG that says what was drawn, whatever the model's text holds. */

import { describe, expect, it } from 'vitest'
import { escaped, SvgContext, SvgPath } from './svg'

const ruler = { font: '', measureText: (text: string) => ({ width: 6 * text.length }) as TextMetrics }
const drawing = () => new SvgContext(200, 100, ruler, new Map([['hand', 'M0 0h1']]))
const parsed = (svg: SvgContext) => new DOMParser().parseFromString(svg.text(), 'image/svg+xml')

describe('escaped', () => {
  it('leaves nothing that XML would read as markup, or refuse', () => {
    expect(escaped('<script>"a" & b</script>')).toBe('&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;')
    expect(escaped('a\u0000b\ud800c')).toBe('a�b�c')
    expect(escaped('😀 tab\there')).toBe('😀 tab\there')
  })
})

describe('SvgContext', () => {
  it('writes text as text, with its place and look', () => {
    const svg = drawing()
    svg.textAlign = 'right'
    svg.fillStyle = '#123456'
    svg.fillText('<img src=x onerror=alert(1)>', 10, 20.125)
    const text = parsed(svg).querySelector('text')
    expect(text?.textContent).toBe('<img src=x onerror=alert(1)>')
    expect(text?.getAttribute('text-anchor')).toBe('end')
    expect(text?.getAttribute('y')).toBe('20.13')
    expect(parsed(svg).querySelector('img')).toBeNull()
  })

  it('closes every group it opened', () => {
    const svg = drawing()
    svg.setTransform(2, 0, 0, 2, 5, 5)
    svg.save()
    svg.translate(1, 2)
    svg.scale(3, 3)
    svg.fill('hand')
    svg.restore()
    svg.fillRect(0, 0, 4, 4)
    const written = svg.text()
    expect(written.match(/<g /g)).toHaveLength(3)
    expect(written.match(/<\/g>/g)).toHaveLength(3)
    const [hand, rect] = [...parsed(svg).querySelectorAll('path')]
    expect(hand?.getAttribute('d')).toBe('M0 0h1')
    expect(rect?.getAttribute('d')).toBe('M0 0h4v4h-4z')
    expect(rect?.parentElement?.getAttribute('transform')).toBe('matrix(2 0 0 2 5 5)')
  })

  it('shows only what lies inside a clip, until it is restored', () => {
    const svg = drawing()
    svg.save()
    svg.beginPath()
    svg.rect(1, 2, 3, 4)
    svg.clip()
    svg.fill(new SvgPath('M0 0h9'))
    svg.restore()
    svg.fillRect(0, 0, 4, 4)
    const [clip, root, rect] = [...parsed(svg).querySelectorAll('path')]
    expect(clip?.parentElement?.outerHTML).toContain('clipPath')
    expect(clip?.getAttribute('d')).toBe('M1 2h3v4h-3z')
    expect(root?.parentElement?.getAttribute('clip-path')).toBe(`url(#${clip?.parentElement?.id})`)
    expect(rect?.parentElement?.hasAttribute('clip-path')).toBe(false)
  })

  it('strokes a path of its own with dashes, width and opacity', () => {
    const svg = drawing()
    const path = new SvgPath()
    path.moveTo(0, 0)
    path.bezierCurveTo(1, 0, 2, 3, 4, 5.5)
    svg.globalAlpha = 0.45
    svg.lineWidth = 1.25
    svg.setLineDash([1.5, 3])
    svg.stroke(path)
    const drawn = parsed(svg).querySelector('path')
    expect(drawn?.getAttribute('d')).toBe('M0 0C1 0 2 3 4 5.5')
    expect(drawn?.getAttribute('stroke-dasharray')).toBe('1.5 3')
    expect(drawn?.getAttribute('stroke-width')).toBe('1.25')
    expect(drawn?.getAttribute('opacity')).toBe('0.45')
  })
})
