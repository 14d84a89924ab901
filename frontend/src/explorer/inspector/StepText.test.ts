/** Whatever a model writes is shown as text: markup, broken formulas, other directions, a hundred kilobytes. */

import { render, screen } from '@testing-library/svelte'
import { flushSync } from 'svelte'
import { describe, expect, it, vi } from 'vitest'
import StepText from './StepText.svelte'

// KaTeX refuses pages in quirks mode, which this test's document would be.
Object.defineProperty(document, 'compatMode', { value: 'CSS1Compat' })

const shown = (text: string) => render(StepText, { text }).container

describe('StepText', () => {
  it('shows HTML and scripts as they are written', () => {
    const text = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"> <b>x</b>'
    const step = shown(text)
    expect(step.textContent).toContain(text)
    expect(step.querySelector('script, img, b')).toBeNull()
    expect('hacked' in window).toBe(false)
  })

  it('typesets a formula, and leaves one that it cannot read as it is', async () => {
    const step = shown('so $x^2 = 4$ and $\\frac{1}{$ and $\\href{javascript:alert(1)}{x_1}$ and $\\vec{v}\\pmb{y}$')
    await vi.waitFor(() => expect(step.querySelector('.katex')).not.toBeNull(), 5000)
    expect(step.textContent).toContain('\\frac{1}{')
    expect(step.textContent).toContain('\\href{javascript:alert(1)}{x_1}')
    expect(step.querySelector('a')).toBeNull()
    // The page's Content-Security-Policy forbids style attributes; what KaTeX sets by script it allows.
    expect(step.querySelectorAll('svg[style], mstyle[style]')).toHaveLength(0)
  })

  it('lets the text itself say its direction', () => {
    const step = shown('נסה 3 + 5 = 8')
    expect(step.querySelector('[dir=auto]')?.textContent).toContain('נסה 3 + 5 = 8')
  })

  it('cuts a step of 100 kB, and shows all of it when asked', () => {
    const step = shown('0123456789'.repeat(10_000))
    expect(step.textContent?.length).toBeLessThan(1400)
    screen.getByRole('button', { name: 'Show all 100,000 characters' }).click()
    flushSync()
    expect(step.textContent?.trim().length).toBe(100_000)
  })
})
