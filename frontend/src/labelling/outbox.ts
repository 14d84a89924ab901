/**
 * Marks on their way to the server. What is not yet acknowledged lies in the browser's storage, so that a closed tab or
 * a server that is away loses nothing; it is sent again until it is kept or refused.
 */

import { api } from '../api/client'
import { ApiError, sentenceOf } from '../api/problem'
import type { Judgement, Label, OwnLabel } from './types'

const MOST_AT_ONCE = 500
const RETRY_MS = [1000, 2000, 5000, 15_000]

interface Listener {
  /** The unsent marks have changed. */
  changed: (unsent: ReadonlyMap<number, OwnLabel>) => void
  kept: (labels: Label[]) => void
  refused: (sentence: string) => void
}

export class Outbox {
  private readonly unsent: Map<number, OwnLabel>
  private readonly storage: string
  private sending: Promise<void> | null = null
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly run: string,
    user: string | null,
    private readonly listener: Listener,
  ) {
    this.storage = `espalier.marks.${user}.${run}`
    this.unsent = new Map(this.read())
    if (this.unsent.size) listener.changed(new Map(this.unsent))
  }

  /** Takes marks to be sent; a later mark of a step replaces an earlier one that is still here. */
  put(labels: Iterable<readonly [number, OwnLabel]>): void {
    for (const [node, label] of labels) this.unsent.set(node, label)
    this.note()
    void this.send()
  }

  /** Sends what is here; resolves when everything is kept or refused, or the server did not answer. */
  send(): Promise<void> {
    clearTimeout(this.timer)
    this.sending ??= this.sendAll().finally(() => {
      this.sending = null
    })
    return this.sending
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  private async sendAll(): Promise<void> {
    while (this.unsent.size) {
      const batch = [...this.unsent].slice(0, MOST_AT_ONCE)
      try {
        const labels = batch.map(([node, label]) => ({ node, ...judgement(label) }))
        const { items } = await api.put<{ items: Label[] }>(`/runs/${this.run}/labels`, { labels })
        this.failures = 0
        this.listener.kept(items)
        this.drop(batch)
      } catch (thrown) {
        const status = thrown instanceof ApiError ? thrown.problem.status : 0
        if (status === 0 || status >= 500 || status === 429) {
          this.timer = setTimeout(() => void this.send(), RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)])
          this.failures += 1
          return
        }
        this.drop(batch)
        this.listener.refused(sentenceOf(thrown))
      }
    }
  }

  /** Forgets what was sent, unless it was marked otherwise meanwhile. */
  private drop(batch: [number, OwnLabel][]): void {
    for (const [node, label] of batch) if (this.unsent.get(node) === label) this.unsent.delete(node)
    this.note()
  }

  private note(): void {
    try {
      if (this.unsent.size) localStorage.setItem(this.storage, JSON.stringify([...this.unsent]))
      else localStorage.removeItem(this.storage)
    } catch {
      // No storage: the marks wait in this tab alone.
    }
    this.listener.changed(new Map(this.unsent))
  }

  private read(): [number, OwnLabel][] {
    try {
      return JSON.parse(localStorage.getItem(this.storage) ?? '[]')
    } catch {
      return []
    }
  }
}

export function judgement({ rating, unsure, tags, comment }: Judgement): Judgement {
  return { rating, unsure, tags, comment }
}
