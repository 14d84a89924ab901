/**
 * Holds a run's events and the tree folded from them, and tells the page at most once per frame what changed.
 * Built for growth: arrays are only appended to, an event costs what it touches, never what the tree holds.
 */

import type { Counters, End, RunState } from '../live/protocol'
import type { RunEvent } from './events'
import { fold } from './fold'
import { emptyTree, type Tree, type TreeNode } from './tree'

/** What one frame's notification covers. */
export interface Change {
  /** Nodes added since the last notification: indices from `addedFrom` to `addedTo`, the latter excluded. */
  addedFrom: number
  addedTo: number
  touched: ReadonlySet<number>
  /** `at` of the newest event in this change, for measuring the way to the screen. */
  newestAt: string | null
}

type Listener = (change: Change) => void

export class RunStore {
  /** In sequence, from `since` + 1 on. */
  events: RunEvent[] = []
  /** The event after which the tree came as a skeleton; 0 when all of it was folded here. */
  since = 0
  tree: Tree = emptyTree()
  state: RunState
  counters: Counters | null = null
  end: End | null = null
  /** An event the reducer could not fold: shown, never hidden. */
  broken: string | null = null

  private aim: number | null = null
  private readonly listeners = new Set<Listener>()
  private touched = new Set<number>()
  private announced = 0
  private scheduled = false

  constructor(
    state: RunState,
    private readonly nextFrame: (callback: () => void) => void = (callback) => {
      // A hidden page gets no frames; its state must not wait for one.
      if (document.hidden) setTimeout(callback, 200)
      else requestAnimationFrame(callback)
    },
  ) {
    this.state = state
  }

  get seq(): number {
    return this.tree.seq
  }

  /** Whether the page is still fetching what had happened before it was opened. */
  get arriving(): boolean {
    return this.aim === null || this.seq < this.aim
  }

  /** Begins with a tree that was folded elsewhere; events after it are folded on. */
  takeSkeleton(tree: Tree, state: RunState): void {
    this.tree = tree
    this.since = tree.seq
    this.aim = tree.seq
    this.takeState(state, undefined)
  }

  /** The events up to `since`, for who looks back. */
  takeHistory(events: RunEvent[]): void {
    this.events = [...events, ...this.events]
    this.since = 0
    this.schedule()
  }

  /** What is known of one node beyond the skeleton. */
  complete(index: number, rest: Partial<TreeNode>): void {
    const node = this.tree.nodes[index]
    if (!node?.partial) return
    Object.assign(node, rest, { partial: false })
    this.touched.add(index)
    this.schedule()
  }

  takeHead(head: number): void {
    this.aim ??= head
  }

  takeEvents(events: RunEvent[]): void {
    for (const event of events) {
      this.events.push(event)
      this.foldSafely(event)
    }
    this.schedule()
  }

  takeState(state: RunState, counters: Counters | undefined): void {
    this.state = state
    if (counters) this.counters = counters
    if (state === 'queued' || state === 'running') this.end = null
    this.schedule()
  }

  takeEnd(end: End): void {
    this.end = end
    this.state = end.state
    this.schedule()
  }

  onChange(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private foldSafely(event: RunEvent): void {
    try {
      for (const index of fold(this.tree, event)) this.touched.add(index)
    } catch (problem) {
      this.broken = `Event ${event.seq} (${event.kind}) does not fit this tree: ${(problem as Error).message}`
    }
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.nextFrame(() => this.announce())
  }

  private announce(): void {
    this.scheduled = false
    const change: Change = {
      addedFrom: this.announced,
      addedTo: this.tree.nodes.length,
      touched: this.touched,
      newestAt: this.events.at(-1)?.at ?? null,
    }
    this.touched = new Set()
    this.announced = change.addedTo
    for (const listener of this.listeners) listener(change)
  }
}
