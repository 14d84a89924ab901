/**
 * Judgements on their way to the server. What is not yet acknowledged lies in the browser's storage, so that a closed
 * tab or a server that is away loses nothing; it is sent again until it is kept or refused.
 */

import { ApiError, sentenceOf } from '../api/problem'

const MOST_AT_ONCE = 500
const RETRY_MS = [1000, 2000, 5000, 15_000]

interface Listener<Subject, Judgement> {
  /** The unsent judgements have changed. */
  changed: (unsent: ReadonlyMap<Subject, Judgement>) => void
  refused: (sentence: string) => void
}

export class Outbox<Subject extends number | string, Judgement> {
  private readonly unsent: Map<Subject, Judgement>
  private sending: Promise<void> | null = null
  private failures = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly storage: string,
    /** Sends some and takes the answer. */
    private readonly deliver: (batch: [Subject, Judgement][]) => Promise<void>,
    private readonly listener: Listener<Subject, Judgement>,
  ) {
    this.unsent = new Map(this.read())
    if (this.unsent.size) listener.changed(new Map(this.unsent))
  }

  /** Takes judgements to be sent; a later one of a subject replaces an earlier one that is still here. */
  put(judgements: Iterable<readonly [Subject, Judgement]>): void {
    for (const [subject, judgement] of judgements) this.unsent.set(subject, judgement)
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
        await this.deliver(batch)
        this.failures = 0
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

  /** Forgets what was sent, unless it was judged otherwise meanwhile. */
  private drop(batch: [Subject, Judgement][]): void {
    for (const [subject, judgement] of batch) {
      if (this.unsent.get(subject) === judgement) this.unsent.delete(subject)
    }
    this.note()
  }

  private note(): void {
    try {
      if (this.unsent.size) localStorage.setItem(this.storage, JSON.stringify([...this.unsent]))
      else localStorage.removeItem(this.storage)
    } catch {
      // No storage: the judgements wait in this tab alone.
    }
    this.listener.changed(new Map(this.unsent))
  }

  private read(): [Subject, Judgement][] {
    try {
      return JSON.parse(localStorage.getItem(this.storage) ?? '[]')
    } catch {
      return []
    }
  }
}
