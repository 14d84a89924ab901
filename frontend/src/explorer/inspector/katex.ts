/** KaTeX, loaded only when a formula is shown. Trust is off; what it cannot read stays text. */

import 'katex/dist/katex.min.css'
import katex, { type KatexOptions } from 'katex'

/** What KaTeX makes before it makes elements of it. */
interface Made {
  attributes?: Record<string, string>
  children?: Made[]
  toNode(): Node
}
type Maker = { __renderToDomTree(source: string, options: KatexOptions): Made }

/** Typesets `source` into `element`; answers whether it could be read. */
export function render(source: string, element: HTMLElement, displayMode: boolean): boolean {
  try {
    const made = (katex as unknown as Maker).__renderToDomTree(source, {
      displayMode,
      trust: refuse,
      throwOnError: true,
      strict: 'ignore',
      maxExpand: 500,
      maxSize: 20,
    })
    dropStyles(made)
    element.replaceChildren(made.toNode())
    return true
  } catch {
    element.textContent = source
    return false
  }
}

/** A formula with a link, a picture or markup is shown as it was written, rather than without them. */
function refuse({ command }: { command: string }): boolean {
  throw new Error(`${command} is not for text that nobody has checked`)
}

/** A few signs (vec, pmb) come with a style attribute, which the Content-Security-Policy forbids and nothing needs. */
function dropStyles(made: Made): void {
  const open = [made]
  for (let one = open.pop(); one; one = open.pop()) {
    if (one.attributes) delete one.attributes.style
    if (one.children) open.push(...one.children)
  }
}
