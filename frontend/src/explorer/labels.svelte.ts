/** The labels of a run's steps: one's own, set at once and taken back if the server refuses, and everybody else's. */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import type { Mark } from './inspector/ratings'

export interface Label {
  node: number
  rating: number | null
  unsure: boolean
  tags: string[]
  comment: string
  at: string
  source: string
  by: string | null
}

interface LabelPage {
  items: Label[]
  next: number | null
}

export class Labels {
  private all = $state.raw<readonly Label[]>([])
  private readonly mine = $derived(
    new Map(this.all.filter((label) => this.isOwn(label)).map((label) => [label.node, label])),
  )

  constructor(
    private readonly run: string,
    readonly user: string | null,
    readonly may: boolean,
  ) {}

  own(node: number): Label | undefined {
    return this.mine.get(node)
  }

  others(node: number): Label[] {
    return this.all.filter((label) => label.node === node && !this.isOwn(label))
  }

  async load(): Promise<void> {
    const all: Label[] = []
    try {
      for (let after: number | null = 0; after !== null; ) {
        const page: LabelPage = await api.get<LabelPage>(`/runs/${this.run}/labels`, { after })
        all.push(...page.items)
        after = page.next
      }
      this.all = all
    } catch (thrown) {
      showToast(`The labels did not load. ${sentenceOf(thrown)}`, 'error')
    }
  }

  async set(node: number, mark: Mark): Promise<void> {
    const former = this.all
    const at = new Date().toISOString()
    const label = { tags: [], comment: '', ...this.own(node), ...mark, node, at, source: 'human', by: this.user }
    const without = former.filter((other) => other.node !== node || !this.isOwn(other))
    this.all = [...without, label]
    try {
      const { tags, comment } = label
      const kept = await api.put<Label>(`/runs/${this.run}/nodes/${node}/label`, { ...mark, tags, comment })
      this.all = [...without, kept]
    } catch (thrown) {
      this.all = former
      showToast(`The mark was not kept. ${sentenceOf(thrown)}`, 'error')
    }
  }

  private isOwn(label: Label): boolean {
    return label.source === 'human' && label.by === this.user
  }
}
