/**
 * Steps that the model cut badly, as one cuts them: divided into parts, joined with the step before. The nodes stay.
 * Places in a text are counted in characters (code points), as the server counts them.
 */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import { Outbox } from './outbox'
import type { Mark } from './ratings'
import { unmarked } from './ratings'
import type { Cut, Label, Part } from './types'

const WHOLE: Omit<Cut, 'node'> = { joined: false, parts: [] }

export class Cuts {
  private kept = $state.raw<ReadonlyMap<number, Cut>>(new Map())
  private unsent = $state.raw<ReadonlyMap<number, Cut>>(new Map())
  readonly waiting = $derived(this.unsent.size)
  private readonly outbox: Outbox<number, Cut>

  constructor(
    private readonly run: string,
    user: string | null,
    /** Takes what undoes a change; it answers the step to go back to. */
    private readonly remember: (undo: () => number) => void,
    /** Takes the label that a divided step has as a whole. */
    private readonly labelled: (labels: Label[]) => void,
  ) {
    this.outbox = new Outbox<number, Cut>(`espalier.cuts.${user}.${run}`, (batch) => this.deliver(batch), {
      changed: (unsent) => {
        this.unsent = unsent
      },
      refused: (sentence) => showToast(`The cut was not kept. ${sentence}`, 'error'),
    })
  }

  of(node: number): Cut {
    return this.unsent.get(node) ?? this.kept.get(node) ?? { node, ...WHOLE }
  }

  toggleJoin(node: number): void {
    const former = this.of(node)
    this.change({ ...former, joined: !former.joined })
  }

  /** Divides the text before each of these places; marks of parts that stay as they are stay too. */
  divide(node: number, places: readonly number[], length: number, mark: Mark): void {
    const former = this.of(node)
    const ends = [...new Set(places)].filter((place) => place > 0 && place < length).sort((a, b) => a - b)
    // What is good or neutral as a whole is so in its parts; where a bad one is bad, nobody has said.
    const begun = mark.rating === -1 ? unmarked : mark
    const markOf = (end: number, begin: number): Mark => {
      const same = former.parts.findIndex((part, at) => part.end === end && (former.parts[at - 1]?.end ?? 0) === begin)
      return former.parts[same] ?? (former.parts.length ? unmarked : begun)
    }
    const parts = [...ends, length].map((end, at) => {
      const { rating, unsure } = markOf(end, ends[at - 1] ?? 0)
      return { end, rating, unsure }
    })
    this.change({ ...former, parts: ends.length ? parts : [] })
  }

  /** Takes the cut before a part away. */
  undivide(node: number, at: number): void {
    const former = this.of(node)
    const parts = former.parts.filter((_, place) => place !== at - 1)
    this.change({ ...former, parts: parts.length > 1 ? parts : [] })
  }

  markPart(node: number, at: number, { rating, unsure }: Mark): void {
    const former = this.of(node)
    const parts = former.parts.map((part, place) => (place === at ? { ...part, rating, unsure } : part))
    this.change({ ...former, parts })
  }

  async load(): Promise<void> {
    try {
      const { items } = await api.get<{ items: Cut[] }>(`/runs/${this.run}/cuts`)
      this.kept = new Map(items.map((cut) => [cut.node, cut]))
    } catch (thrown) {
      showToast(`The cuts of steps did not load. ${sentenceOf(thrown)}`, 'error')
    }
  }

  /** Takes what a path brought along. */
  take(cuts: Cut[]): void {
    this.keep(cuts)
    void this.outbox.send()
  }

  send(): Promise<void> {
    return this.outbox.send()
  }

  stop(): void {
    this.outbox.stop()
  }

  private change(cut: Cut): void {
    const former = this.of(cut.node)
    this.remember(() => {
      this.outbox.put([[former.node, former]])
      return former.node
    })
    this.outbox.put([[cut.node, cut]])
  }

  private async deliver(batch: [number, Cut][]): Promise<void> {
    const cuts = batch.map(([, cut]) => cut)
    const { items } = await api.put<{ items: (Cut & { label: Label | null })[] }>(`/runs/${this.run}/cuts`, { cuts })
    this.keep(items)
    this.labelled(items.flatMap(({ label }) => (label ? [label] : [])))
  }

  private keep(cuts: Cut[]): void {
    this.kept = new Map([
      ...this.kept,
      ...cuts.map(({ node, joined, parts }) => [node, { node, joined, parts }] as const),
    ])
  }
}

/** The parts of a text, each without the space around it. */
export function partsOf(text: string, parts: readonly Part[]): string[] {
  const characters = Array.from(text)
  return parts.map((part, at) =>
    characters
      .slice(parts[at - 1]?.end ?? 0, part.end)
      .join('')
      .trim(),
  )
}

/** The words of a text, and the character each begins at: what a cut can stand before. */
export function wordsOf(text: string): { word: string; begin: number }[] {
  const words: { word: string; begin: number }[] = []
  let begin = 0
  for (const word of text.match(/\S+\s*|^\s+/gu) ?? []) {
    words.push({ word, begin })
    begin += Array.from(word).length
  }
  return words
}
