/** What the explorer page knows: the run, its store, and what the person looks at. One instance per page. */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import type { Run } from '../api/types'
import { showToast } from '../design/toasts.svelte'
import { Labels } from './labels.svelte'
import { LiveClient } from './live/client'
import { type Connection, runSocketUrl } from './live/protocol'
import { type Change, RunStore, treeAt } from './model/store'
import { pathTo, type Tree, type TreeNode } from './model/tree'
import type { Colouring } from './tree/colouring'

/** What the person may do with this run, as the server says. */
export interface May {
  steer: boolean
  label: boolean
  share: boolean
}

export class Explorer {
  readonly store: RunStore
  readonly live: LiveClient
  readonly labels: Labels
  run = $state.raw() as Run
  connection = $state<Connection>('connecting')
  /** Counts the frames in which something changed; reading it makes a component follow the store. */
  version = $state(0)
  selected = $state<number | null>(null)
  colouring = $state<Colouring>('reward')
  following = $state(true)
  folded = $state.raw<ReadonlySet<number>>(new Set())
  hoisted = $state<number | null>(null)
  /** The scrubber's place; null is now. */
  seqShown = $state<number | null>(null)
  private past = $state.raw<Tree | null>(null)
  // The store folds in place; a new identity per frame is what tells the page to look again.
  private readonly shownTree: Tree = $derived.by(() => {
    void this.version
    return { ...(this.past ?? this.store.tree) }
  })
  /** Derived, so that who reads it acts when the state changes and not at every frame of a growing tree. */
  readonly state: Run['state'] = $derived.by(() => {
    void this.version
    return this.store.state
  })
  private readonly changed = new Set<(change: Change) => void>()

  constructor(
    run: Run,
    readonly may: May,
    user: string | null,
  ) {
    this.run = run
    this.labels = new Labels(run.id, user, may.label)
    this.store = new RunStore(run.state)
    this.following = run.state === 'queued' || run.state === 'running'
    this.live = new LiveClient(this.store, {
      openSocket: (after) => new WebSocket(runSocketUrl(run.id, after)) as never,
      onConnection: (connection) => {
        this.connection = connection
      },
    })
    this.store.onChange((change) => {
      this.version += 1
      for (const listener of this.changed) listener(change)
    })
  }

  onChange(listener: (change: Change) => void): () => void {
    this.changed.add(listener)
    return () => this.changed.delete(listener)
  }

  /** The live tree, wherever the scrubber is. */
  get present(): Tree {
    void this.version
    return { ...this.store.tree }
  }

  /** The tree shown: the live one, or the past one under the scrubber. */
  get tree(): Tree {
    return this.shownTree
  }

  get node(): TreeNode | null {
    return this.selected === null ? null : (this.at(this.selected) ?? null)
  }

  /** The node as it is in this frame: a copy, so that what is drawn from it follows its changes. */
  at(index: number): TreeNode | undefined {
    const node = this.shownTree.nodes[index]
    return node && { ...node }
  }

  get trail(): number[] {
    return this.node ? pathTo(this.tree, this.node.index) : []
  }

  select(node: number | null): void {
    this.selected = node
  }

  /** Goes to the moment after event `seq`; null follows the present. */
  scrub(seq: number | null): void {
    this.seqShown = seq
    this.past = seq === null ? null : treeAt(this.store.events, seq)
  }

  toggleFold(node: number): void {
    const next = new Set(this.folded)
    if (!next.delete(node) && this.tree.nodes[node]?.children.length) next.add(node)
    this.folded = next
  }

  toggleHoist(node: number | null): void {
    this.hoisted = this.hoisted === node ? null : node
  }

  async refreshRun(): Promise<void> {
    try {
      this.run = await api.get<Run>(`/runs/${this.run.id}`)
      if (this.connection !== 'live') this.store.takeState(this.run.state, this.run.counters)
    } catch {
      // The connection's own sign already says that the server is away.
    }
  }

  /** Sends a command; what goes wrong is said in words, and nothing else changes. */
  async act(path: string, body: unknown = {}): Promise<boolean> {
    return this.attempt(() => api.post(`/runs/${this.run.id}/${path}`, body))
  }

  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (thrown) {
      showToast(sentenceOf(thrown), 'error')
      return false
    }
  }
}
