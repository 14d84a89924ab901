/** Which of two siblings one finds better: set at once, sent a moment later, undone with the other marks. */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import { Outbox } from './outbox'
import type { Preference } from './types'

/** What is said of a step beside another one. */
export type Verdict = 'better' | 'worse' | 'tie' | 'unsure'

export const verdicts: { verdict: Verdict; title: string; key: string }[] = [
  { verdict: 'better', title: 'This one is better', key: 'w' },
  { verdict: 'worse', title: 'The other is better', key: 'q' },
  { verdict: 'tie', title: 'Equally good', key: 'e' },
  { verdict: 'unsure', title: 'Cannot say', key: 'U' },
]

interface Page {
  items: Preference[]
  next: number | null
}

interface Said {
  node: number
  other: number
  verdict: Verdict | null
}

export class Preferences {
  private kept = $state.raw<readonly Preference[]>([])
  /** What the server has not acknowledged yet; null takes a judgement back. */
  private unsent = $state.raw<ReadonlyMap<string, Said>>(new Map())
  readonly waiting = $derived(this.unsent.size)
  private readonly outbox: Outbox<string, Said>

  constructor(
    private readonly run: string,
    private readonly user: string | null,
    /** Takes what undoes a change; it answers the step to go back to. */
    private readonly remember: (undo: () => number) => void,
  ) {
    this.outbox = new Outbox<string, Said>(`espalier.preferences.${user}.${run}`, (batch) => this.deliver(batch), {
      changed: (unsent) => {
        this.unsent = unsent
      },
      refused: (sentence) => showToast(`The preference was not kept. ${sentence}`, 'error'),
    })
  }

  /** What one has said of `node` beside `other`. */
  own(node: number, other: number): Verdict | null {
    const unsent = this.unsent.get(nameOf(node, other))
    if (unsent) return unsent.node === node ? unsent.verdict : turned(unsent.verdict)
    const kept = this.kept.find((one) => this.isOwn(one) && isAbout(one, node, other))
    return kept ? seenFrom(node, kept) : null
  }

  /** What others have said of `node` beside `other`. */
  others(node: number, other: number): { by: string; verdict: Verdict }[] {
    return this.kept
      .filter((one) => !this.isOwn(one) && isAbout(one, node, other))
      .flatMap((one) => {
        const verdict = seenFrom(node, one)
        return verdict ? [{ by: one.by ?? (one.model || one.source), verdict }] : []
      })
  }

  /** Says it, or takes the same thing back. */
  press(node: number, other: number, verdict: Verdict): void {
    const former = this.own(node, other)
    this.remember(() => {
      this.put({ node, other, verdict: former })
      return node
    })
    this.put({ node, other, verdict: former === verdict ? null : verdict })
  }

  async load(): Promise<void> {
    const all: Preference[] = []
    try {
      for (let after: number | null = 0; after !== null; ) {
        const page: Page = await api.get<Page>(`/runs/${this.run}/preferences`, { after })
        all.push(...page.items)
        after = page.next
      }
      this.kept = all
    } catch (thrown) {
      showToast(`The preferences did not load. ${sentenceOf(thrown)}`, 'error')
    }
  }

  /** Takes what a path brought along. */
  take(preferences: Preference[]): void {
    this.keep(preferences)
    void this.outbox.send()
  }

  send(): Promise<void> {
    return this.outbox.send()
  }

  stop(): void {
    this.outbox.stop()
  }

  private put(said: Said): void {
    this.outbox.put([[nameOf(said.node, said.other), said]])
  }

  private async deliver(batch: [string, Said][]): Promise<void> {
    const preferences = batch.map(([, said]) => said)
    const { items } = await api.put<{ items: Preference[] }>(`/runs/${this.run}/preferences`, { preferences })
    this.keep(items)
  }

  private keep(fresh: Preference[]): void {
    const names = new Set(fresh.map((one) => nameOf(one.first, one.second)))
    const rest = this.kept.filter((one) => !this.isOwn(one) || !names.has(nameOf(one.first, one.second)))
    this.kept = [...rest, ...fresh.filter((one) => one.verdict !== null)]
  }

  private isOwn(one: Preference): boolean {
    return one.source === 'human' && !one.model && one.by === this.user
  }
}

function nameOf(node: number, other: number): string {
  return `${Math.min(node, other)} ${Math.max(node, other)}`
}

function isAbout(one: Preference, node: number, other: number): boolean {
  return nameOf(one.first, one.second) === nameOf(node, other)
}

function seenFrom(node: number, { first, verdict }: Preference): Verdict | null {
  if (verdict === 'first' || verdict === 'second')
    return (verdict === 'first') === (node === first) ? 'better' : 'worse'
  return verdict
}

function turned(verdict: Verdict | null): Verdict | null {
  if (verdict === 'better') return 'worse'
  return verdict === 'worse' ? 'better' : verdict
}
