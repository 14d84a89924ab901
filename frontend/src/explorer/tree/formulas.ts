/**
 * The formulas on cards, typeset by KaTeX when they first come near. A few at a time, when the page has a moment: a tree that
 * is moved must not wait for its mathematics. Until then, and where it cannot be read, a formula is shown as it was written.
 */

import { emRead, type Formula, fontsOf, readFormula } from './formula'

/** More are forgotten, the oldest first. */
const mostKept = 2000
/** Longer ones have no room on a card. */
const longest = 240
/** Formulas that are set before the page gets its turn. */
const atOnce = 4

type Render = (source: string, element: HTMLElement, displayMode: boolean) => boolean

class Formulas {
  private readonly known = new Map<string, Formula | null>()
  private readonly waiting = new Set<string>()
  private readonly watchers = new Set<() => void>()
  private press: HTMLElement | null = null
  private working: Promise<void> | null = null

  /** The formula; null if it cannot be read, undefined while it is being set. */
  get(source: string): Formula | null | undefined {
    const found = this.known.get(source)
    if (found !== undefined || source.length > longest) return found ?? null
    this.waiting.add(source)
    this.working ??= this.work()
    return undefined
  }

  /** Calls when formulas that were asked for are there. */
  onReady(watcher: () => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** When nothing waits; null if nothing does now. */
  get settled(): Promise<void> | null {
    return this.working
  }

  private async work(): Promise<void> {
    try {
      const { render } = await import('../inspector/katex')
      while (this.waiting.size) {
        await pause()
        const some = [...this.waiting].slice(0, atOnce)
        for (const source of some) this.waiting.delete(source)
        await this.set(some, render)
        for (const watcher of this.watchers) watcher()
      }
    } catch {
      // KaTeX could not be loaded: what was written stays, and the next formula asks again.
      this.waiting.clear()
    } finally {
      this.working = null
    }
  }

  private async set(sources: string[], render: Render): Promise<void> {
    this.press ??= makePress()
    const set = sources.map((source) => {
      const line = document.createElement('div')
      const baseline = document.createElement('span')
      const element = document.createElement('span')
      Object.assign(baseline.style, { display: 'inline-block', width: '0', height: '0' })
      line.append(baseline, element)
      const readable = render(source, element, false)
      const katex = element.querySelector<HTMLElement>('.katex')
      if (katex) katex.style.fontSize = `${emRead}px`
      return { source, line, baseline, katex: readable ? element.querySelector<HTMLElement>('.katex-html') : null }
    })
    this.press.replaceChildren(...set.map(({ line }) => line))
    const missing = [...fontsOf(this.press)].filter((font) => !document.fonts.check(font))
    if (missing.length) await Promise.all(missing.map((font) => document.fonts.load(font)))
    for (const { source, baseline, katex } of set) this.keep(source, katex && readFormula(katex, baseline))
    this.press.replaceChildren()
  }

  private keep(source: string, formula: Formula | null): void {
    this.known.set(source, formula)
    if (this.known.size > mostKept) this.known.delete(this.known.keys().next().value as string)
  }
}

/** One for all trees of a page: what stands in one often stands in the other. */
export const formulas = new Formulas()

/** Where formulas are set: part of the page, so that its fonts and rules hold, and never seen. */
function makePress(): HTMLElement {
  const press = document.createElement('div')
  press.ariaHidden = 'true'
  Object.assign(press.style, {
    position: 'fixed',
    insetBlockStart: '0',
    insetInlineStart: '-30000px',
    width: '20000px',
    contain: 'strict',
    height: '4000px',
    whiteSpace: 'nowrap',
    direction: 'ltr',
    pointerEvents: 'none',
  })
  document.body.append(press)
  return press
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: 200 })
    else setTimeout(resolve)
  })
}
