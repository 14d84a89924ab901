/** Seconds in front of each step. Time in a hidden tab does not count, and no single look counts more than five minutes. */

const LONGEST_LOOK = 300

export class StepClock {
  private readonly spent = new Map<number, number>()
  private at: number | null = null
  private since: number | null = null

  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  /** The step that is looked at from now on; null while nobody looks. */
  look(node: number | null): void {
    if (this.at !== null && this.since !== null) {
      const look = Math.min(LONGEST_LOOK, Math.max(0, this.now() - this.since))
      this.spent.set(this.at, (this.spent.get(this.at) ?? 0) + look)
    }
    this.at = node
    this.since = node === null ? null : this.now()
  }

  /** Seconds per step so far, to the hundredth, and their sum. */
  read(): { seconds: number; step_seconds: Record<number, number> } {
    this.look(this.at)
    const step_seconds: Record<number, number> = {}
    let seconds = 0
    for (const [node, spent] of this.spent) {
      step_seconds[node] = Math.round(spent * 100) / 100
      seconds += spent
    }
    return { seconds: Math.round(seconds * 100) / 100, step_seconds }
  }
}
