/** Several runs in front of the person at once: one selection, one colouring, each tree its own. */

import type { Run } from '../../api/types'
import { Explorer } from '../../explorer/explorer.svelte'
import type { Calibration } from '../../explorer/model/calibration'
import { Alike } from './alike'

export class Compared {
  readonly explorers: Explorer[]
  /** The tree whose colours, filter and choice of branches hold for all: one that has a calibrated reward, if any has. */
  readonly guide: Explorer | undefined
  /** The tree that was last clicked or walked in: the others follow it. */
  leading = $state(0)
  /** Per tree: whether it holds the very step that is selected, or only where the way to it ends. */
  exact = $state.raw<boolean[]>([])
  /** Whether a step is selected at all. */
  any = $state(false)
  private readonly alike = new Alike()
  private known: (number | null)[]

  constructor(runs: readonly Run[], calibrations: readonly (Calibration | null)[] = []) {
    const may = { steer: false, label: false, share: false }
    this.explorers = runs.map((run, place) => new Explorer(run, may, null, calibrations[place]))
    const calibrated = calibrations.findIndex((known) => known !== null)
    this.guide = this.explorers[Math.max(0, calibrated)]
    this.known = runs.map(() => null)
    this.exact = runs.map(() => true)
  }

  start(): void {
    for (const explorer of this.explorers) void explorer.start()
  }

  stop(): void {
    for (const explorer of this.explorers) explorer.stop()
  }

  /** Looks for a selection that has moved, and brings the other trees along. */
  follow(): void {
    const chosen = this.explorers.map((explorer) => explorer.selected)
    const moved = chosen.findIndex((node, place) => node !== this.known[place])
    if (moved < 0) return
    this.leading = moved
    this.lead(moved, chosen[moved] ?? null)
  }

  /** Selects `node` of one tree, and what is the same step in the others. */
  lead(place: number, node: number | null): void {
    const trees = this.explorers.map((explorer) => explorer.store.tree)
    const found = this.explorers.map((_, other) => {
      if (node === null) return null
      return other === place ? { node, exact: true } : this.alike.counterpart(trees, place, node, other)
    })
    this.any = node !== null
    this.exact = found.map((match) => match?.exact ?? false)
    this.known = found.map((match) => match?.node ?? null)
    for (const [other, explorer] of this.explorers.entries()) explorer.select(this.known[other] ?? null)
  }

  /** Gives every tree the guide's colours, filter and choice of branches. */
  share(): void {
    if (!this.guide) return
    const { colouring, filter, hidePruned } = this.guide.sight
    for (const { sight } of this.explorers) {
      if (sight === this.guide.sight) continue
      sight.colouring = colouring
      sight.filter = filter
      sight.hidePruned = hidePruned
    }
  }
}
