/** Splits text into plain parts and formulas: `$$…$$`, `\[…\]` (displayed), `$…$`, `\(…\)` (inline). */

export interface Part {
  text: string
  math: boolean
  display: boolean
}

const formula = /\$\$([^$]{1,2000}?)\$\$|\\\[([\s\S]{1,2000}?)\\\]|\$([^$\n]{1,400}?)\$|\\\(([^\n]{1,400}?)\\\)/g

/** A dollar sign before a space or digit is money unless the formula holds a sign of mathematics. */
function isFormula(inline: string): boolean {
  return !/^\s|\s$/.test(inline) && /[\\^_={}+*/<>]|^[a-zA-Z]$/.test(inline)
}

export function splitMath(text: string): Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(formula)) {
    const [all, dollars, brackets, inline, round] = match
    if (inline !== undefined && !isFormula(inline)) continue
    if (match.index > end) parts.push({ text: text.slice(end, match.index), math: false, display: false })
    const display = dollars !== undefined || brackets !== undefined
    parts.push({ text: dollars ?? brackets ?? inline ?? round ?? '', math: true, display })
    end = match.index + all.length
  }
  if (end < text.length) parts.push({ text: text.slice(end), math: false, display: false })
  return parts
}
