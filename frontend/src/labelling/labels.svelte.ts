/** The labels of a run's steps: one's own, set at once and undone at will, and everybody else's. */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import { Cuts } from './cuts.svelte'
import { Outbox } from './outbox'
import { Preferences } from './preferences.svelte'
import { choiceOf, type Mark } from './ratings'
import type { Judgement, Label, OwnLabel, ReadPath } from './types'

interface LabelPage {
  items: Label[]
  next: number | null
}

type Changes = Map<number, Judgement>

const BLANK: Judgement = { rating: null, unsure: false, tags: [], comment: '' }

export class Labels {
  /** As the server has them. */
  private kept = $state.raw<readonly Label[]>([])
  /** Own marks that the server has not acknowledged yet; they count more than what it has. */
  private unsent = $state.raw<ReadonlyMap<number, OwnLabel>>(new Map())
  private readonly mine = $derived(
    new Map(this.kept.filter((label) => this.isOwn(label)).map((label) => [label.node, label])),
  )
  /** The word of every marked node, one's own mark before anybody else's: what the tree can be coloured by. */
  readonly words: ReadonlyMap<number, string> = $derived.by(() => {
    const words = new Map<number, string>()
    const own = [...this.unsent].map(([node, label]) => ({ ...label, node }))
    for (const label of [...this.kept, ...this.mine.values(), ...own]) {
      const choice = choiceOf(label)
      if (choice) words.set(label.node, choice.name)
      else words.delete(label.node)
    }
    return words
  })
  readonly preferences: Preferences
  readonly cuts: Cuts
  private readonly outbox: Outbox<number, OwnLabel>
  /** What takes each change back, the latest last, and answers the step it was about. */
  private readonly done: (() => number | null)[] = []
  /** The field of the label editor that a key has opened. */
  editing = $state<'comment' | 'tags' | 'cut' | null>(null)
  /** The part of a divided step that the keys are about, where it was said; else the first unmarked one. */
  private at = $state.raw<{ node: number; part: number } | null>(null)
  /** How many marks wait for the server. */
  readonly waiting = $derived.by(() => this.unsent.size + this.preferences.waiting + this.cuts.waiting)

  constructor(
    readonly run: string,
    readonly user: string | null,
    readonly may: boolean,
  ) {
    this.preferences = new Preferences(run, user, (undo) => this.done.push(undo))
    this.cuts = new Cuts(
      run,
      user,
      (undo) => this.done.push(undo),
      (labels) => this.keep(labels),
    )
    this.outbox = new Outbox<number, OwnLabel>(`espalier.marks.${user}.${run}`, (batch) => this.deliver(batch), {
      changed: (unsent) => {
        this.unsent = unsent
      },
      refused: (sentence) => showToast(`The mark was not kept. ${sentence}`, 'error'),
    })
  }

  own(node: number): Label | undefined {
    const unsent = this.unsent.get(node)
    return unsent ? { ...unsent, node, source: 'human', by: this.user } : this.mine.get(node)
  }

  others(node: number): Label[] {
    return this.kept.filter((label) => label.node === node && !this.isOwn(label))
  }

  async load(): Promise<void> {
    const all: Label[] = []
    try {
      for (let after: number | null = 0; after !== null; ) {
        const page: LabelPage = await api.get<LabelPage>(`/runs/${this.run}/labels`, { after })
        all.push(...page.items)
        after = page.next
      }
      this.kept = all
    } catch (thrown) {
      showToast(`The labels did not load. ${sentenceOf(thrown)}`, 'error')
    }
    await this.preferences.load()
    if (this.may) {
      await this.cuts.load()
      await Promise.all([this.outbox.send(), this.preferences.send(), this.cuts.send()])
    }
  }

  /** Takes the own marks that a path brought along. */
  take(path: ReadPath): void {
    const steps = path.steps.flatMap((step) => [step, ...step.siblings])
    this.keep(steps.flatMap(({ node, label }) => (label ? [{ ...label, node, source: 'human', by: this.user }] : [])))
    this.preferences.take(path.preferences)
    this.cuts.take(path.cuts)
    void this.outbox.send()
  }

  /** Marks a step; its tags and comment stay. */
  set(node: number, mark: Partial<Judgement> & Partial<Mark>): void {
    this.change(new Map([[node, { ...this.judgementOf(node), ...mark }]]))
  }

  toggleTag(node: number, tag: string): void {
    const { tags } = this.judgementOf(node)
    this.set(node, { tags: tags.includes(tag) ? tags.filter((other) => other !== tag) : [...tags, tag] })
  }

  /**
   * First error here: what comes before on the path is good (a neutral mark stays, it is no error), the step is bad,
   * what follows is unmarked.
   */
  firstError(path: readonly number[], node: number): void {
    const place = path.indexOf(node)
    if (place < 0) return
    const changes: Changes = new Map()
    path.forEach((step, at) => {
      const former = this.judgementOf(step)
      if (at < place && former.rating === 0 && !former.unsure) return
      const rating = at < place ? 1 : at === place ? -1 : null
      if (former.rating !== rating || former.unsure) changes.set(step, { ...former, rating, unsure: false })
    })
    this.change(changes)
  }

  /** Which part of a divided step is looked at. */
  partAt(node: number): number {
    const { parts } = this.cuts.of(node)
    if (this.at?.node === node && this.at.part < parts.length) return this.at.part
    return Math.max(
      0,
      parts.findIndex((part) => part.rating === null && !part.unsure),
    )
  }

  lookAt(node: number, part: number): void {
    this.at = { node, part }
  }

  /** Several changes that one undo takes back. */
  together(work: () => void): void {
    const begun = this.done.length
    work()
    const undos = this.done.splice(begun).toReversed()
    if (undos.length) this.done.push(() => undos.map((undo) => undo()).at(-1) ?? null)
  }

  /** Takes the last change back; answers the step it was about. */
  undo(): number | null {
    return this.done.pop()?.() ?? null
  }

  /** Resolves when every mark is kept, or the server does not answer. */
  async settled(): Promise<boolean> {
    await Promise.all([this.outbox.send(), this.preferences.send(), this.cuts.send()])
    return this.waiting === 0
  }

  stop(): void {
    this.outbox.stop()
    this.preferences.stop()
    this.cuts.stop()
  }

  private change(changes: Changes): void {
    if (!this.may || changes.size === 0) return
    const former: Changes = new Map([...changes.keys()].map((node) => [node, this.judgementOf(node)]))
    this.done.push(() => {
      this.send(former)
      return [...former.keys()].at(-1) ?? null
    })
    this.send(changes)
  }

  private send(changes: Changes): void {
    const at = new Date().toISOString()
    this.outbox.put([...changes].map(([node, label]) => [node, { ...label, at }] as const))
  }

  private async deliver(batch: [number, OwnLabel][]): Promise<void> {
    const labels = batch.map(([node, label]) => ({ node, ...judgement(label) }))
    const { items } = await api.put<{ items: Label[] }>(`/runs/${this.run}/labels`, { labels })
    this.keep(items)
  }

  private judgementOf(node: number): Judgement {
    return judgement(this.own(node) ?? BLANK)
  }

  private keep(labels: Label[]): void {
    const nodes = new Set(labels.map((label) => label.node))
    this.kept = [...this.kept.filter((label) => !nodes.has(label.node) || !this.isOwn(label)), ...labels]
  }

  private isOwn(label: Label): boolean {
    return label.source === 'human' && !label.model && label.by === this.user
  }
}

function judgement({ rating, unsure, tags, comment }: Judgement): Judgement {
  return { rating, unsure, tags, comment }
}
