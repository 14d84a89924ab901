/** The tree at any moment of the journal, for the time scrubber: going forward folds on, going back begins anew. */

import type { RunEvent } from './events'
import { fold } from './fold'
import { emptyTree, type Tree } from './tree'

export class Past {
  private tree = emptyTree()

  constructor(private readonly events: RunEvent[]) {}

  /** The tree right after event `seq`; the same object as before while time goes forward. */
  at(seq: number): Tree {
    if (seq < this.tree.seq) this.tree = emptyTree()
    for (let next = this.tree.seq; next < Math.min(seq, this.events.length); next += 1) {
      try {
        fold(this.tree, this.events[next] as RunEvent)
      } catch {
        // The store has said so already; what can be folded is shown.
      }
    }
    return this.tree
  }
}
