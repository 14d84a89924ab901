/** KaTeX, loaded only when a formula is shown. Trust is off; what it cannot read stays text. */

import 'katex/dist/katex.min.css'
import katex from 'katex'

export function render(source: string, element: HTMLElement, displayMode: boolean): void {
  try {
    katex.render(source, element, {
      displayMode,
      trust: false,
      throwOnError: true,
      strict: 'ignore',
      maxExpand: 500,
      maxSize: 20,
    })
  } catch {
    element.textContent = source
  }
}
