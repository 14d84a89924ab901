/** The rows of a reading: the steps of a path as they are marked, where some are divided or joined. */

import type { Cuts } from './cuts.svelte'
import { partsOf } from './cuts.svelte'
import type { Labels } from './labels.svelte'
import type { Mark } from './ratings'
import type { PathStep } from './types'

export interface Unit {
  /** The node that holds the mark, and which of its parts; null for the whole node. */
  node: number
  part: number | null
  /** The steps of the path it is about. */
  steps: readonly PathStep[]
  text: string
  /** As the path counts: 3, 3a, 3–4. */
  number: string
}

export function unitsOf(steps: readonly PathStep[], cuts: Cuts): Unit[] {
  const units: Unit[] = []
  steps.forEach((step, place) => {
    const { joined, parts } = cuts.of(step.node)
    const texts = parts.length ? partsOf(step.text, parts) : [step.text]
    texts.forEach((text, at) => {
      const number = `${place + 1}${parts.length ? String.fromCharCode(97 + (at % 26)) : ''}`
      const before = at === 0 && joined ? units.pop() : undefined
      units.push({
        node: step.node,
        part: parts.length ? at : null,
        steps: [...(before?.steps ?? []), step],
        text: before ? `${before.text}\n${text}` : text,
        number: before ? `${before.number.split('–')[0]}–${number}` : number,
      })
    })
  })
  return units
}

export function markOf(unit: Unit, labels: Labels): Mark | undefined {
  return unit.part === null ? (labels.own(unit.node) as Mark | undefined) : labels.cuts.of(unit.node).parts[unit.part]
}

/** First error here: units before are good (neutral ones stay), this one is bad, the rest is unmarked. One undo. */
export function firstErrorAt(units: readonly Unit[], place: number, labels: Labels): void {
  labels.together(() => {
    units.forEach((unit, at) => {
      const former = markOf(unit, labels)
      if (at < place && former?.rating === 0 && !former.unsure) return
      const rating = at < place ? 1 : at === place ? -1 : null
      if ((former?.rating ?? null) !== rating || former?.unsure) mark(unit, { rating, unsure: false }, labels)
    })
  })
}

export function mark(unit: Unit, given: Mark, labels: Labels): void {
  if (unit.part === null) labels.set(unit.node, given)
  else labels.cuts.markPart(unit.node, unit.part, given)
}
