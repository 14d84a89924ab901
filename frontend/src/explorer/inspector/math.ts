/** Splits text into plain parts and formulas: `$$…$$`, `\[…\]` (displayed), `$…$`, `\(…\)` (inline). */

export interface Part {
  text: string
  /** As it was written, with the signs around a formula. */
  written: string
  math: boolean
  display: boolean
}

const formula = /\$\$([^$]{1,2000}?)\$\$|\\\[([\s\S]{1,2000}?)\\\]|\$([^$\n]{1,400}?)\$|\\\(([^\n]{1,400}?)\\\)/g

/** A dollar sign before a space or digit is money unless the formula holds a sign of mathematics. */
function isFormula(inline: string): boolean {
  return !/^\s|\s$/.test(inline) && /[\\^_={}+*/<>]|^[a-zA-Z]$/.test(inline)
}

/** False where there is surely no formula: most steps are told by this. */
export function mayHoldMath(text: string): boolean {
  return text.includes('$') || text.includes('\\(') || text.includes('\\[')
}

export function splitMath(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  const finder = new RegExp(formula)
  for (let match = finder.exec(text); match; match = finder.exec(text)) {
    const [all, dollars, brackets, inline, round] = match
    if (inline !== undefined && !isFormula(inline)) {
      // The dollar that ended this may begin a formula.
      finder.lastIndex = match.index + 1
      continue
    }
    if (match.index > end) parts.push(words(text.slice(end, match.index)))
    const display = dollars !== undefined || brackets !== undefined
    parts.push({ text: dollars ?? brackets ?? inline ?? round ?? '', written: all, math: true, display })
    end = match.index + all.length
  }
  if (end < text.length) parts.push(words(text.slice(end)))
  return parts
}

function words(text: string): Part {
  return { text, written: text, math: false, display: false }
}
