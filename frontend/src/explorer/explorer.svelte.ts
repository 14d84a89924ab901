/** What the explorer page knows: the run, its store, and what the person looks at. One instance per page. */

import { api } from '../api/client'
import { sentenceOf } from '../api/problem'
import type { Run } from '../api/types'
import { showToast } from '../design/toasts.svelte'
import { Labels } from '../labelling/labels.svelte'
import { besideOf } from './beside'
import { LiveClient, type SocketLike } from './live/client'
import { HistoryReader } from './live/history'
import { type Connection, runSocketUrl } from './live/protocol'
import type { Calibration } from './model/calibration'
import { Past } from './model/past'
import { type Shape, shapeOf, unpack } from './model/skeleton'
import { type Change, RunStore } from './model/store'
import { pathTo, type Tree, type TreeNode } from './model/tree'
import { Sight } from './tree/sight.svelte'

/** What the person may do with this run, as the server says. */
export interface May {
  steer: boolean
  label: boolean
  share: boolean
}

/**
 * Events that are folded faster than a skeleton could be made; above, the page begins with one. The server asks for it
 * as soon as the page's head is read (app/explorer/pages.py has the same number).
 */
const FOLDED_AT_ONCE = 10_000

export class Explorer {
  readonly store: RunStore
  readonly live: LiveClient
  readonly labels: Labels
  readonly sight: Sight
  run = $state.raw() as Run
  connection = $state<Connection>('connecting')
  /** Counts the frames in which something changed; reading it makes a component follow the store. */
  version = $state(0)
  selected = $state<number | null>(null)
  private cameFrom = $state<number | null>(null)
  following = $state(true)
  /** Whether a large tree that comes whole has had its first picture; what the page has beside it waits for that. */
  begun = $state(false)
  folded = $state.raw<ReadonlySet<number>>(new Set())
  hoisted = $state<number | null>(null)
  /** The scrubber's place; null is now. */
  seqShown = $state<number | null>(null)
  /** How much of the history has been read, while somebody waits for it; null when nobody does. */
  historyShare = $state<number | null>(null)
  private past = $state.raw<Tree | null>(null)
  private replay: { events: unknown; past: Past } | null = null
  private history: HistoryReader | null = null
  private wished = 1
  // The store folds in place; a new identity per frame is what tells the page to look again.
  private readonly shownTree: Tree = $derived.by(() => {
    void this.version
    return { ...(this.past ?? this.store.tree), calibration: this.calibration }
  })
  /** Derived, so that who reads it acts when the state changes and not at every frame of a growing tree. */
  readonly state: Run['state'] = $derived.by(() => {
    void this.version
    return this.store.state
  })
  private readonly changed = new Set<(change: Change) => void>()
  private readonly shaped = new Set<(shape: Shape) => void>()

  constructor(
    run: Run,
    readonly may: May,
    user: string | null,
    /** What the driving reward's scores are worth, where that was measured. */
    private readonly calibration: Calibration | null = null,
  ) {
    this.run = run
    this.sight = new Sight(run.id, calibration !== null)
    this.labels = new Labels(run.id, user, may.label)
    this.store = new RunStore(run.state)
    this.following = run.state === 'queued' || run.state === 'running'
    this.live = new LiveClient(this.store, {
      openSocket: (after) => this.openSocket(after),
      onConnection: (connection) => {
        this.connection = connection
      },
    })
    this.store.onChange((change) => {
      this.version += 1
      for (const listener of this.changed) listener(change)
    })
  }

  /** Follows the run; a large tree first comes whole, without its history. */
  async start(): Promise<void> {
    this.begun = this.run.head_seq <= FOLDED_AT_ONCE
    if (!this.begun) {
      try {
        const skeleton = await api.bytes(`/runs/${this.run.id}/skeleton?packed=true`)
        // The layout goes on in its worker while the tree is unpacked here.
        for (const listener of this.shaped) listener(shapeOf(skeleton))
        const { tree, state } = unpack(skeleton)
        this.store.takeSkeleton(tree, state)
      } catch {
        // Slower, but as right: everything is folded from the first event on.
        this.begun = true
      }
    }
    this.live.start()
  }

  stop(): void {
    this.live.stop()
    this.leaveHistory()
  }

  onChange(listener: (change: Change) => void): () => void {
    this.changed.add(listener)
    return () => this.changed.delete(listener)
  }

  /** Calls with the shape of a tree that comes whole, before its nodes can be read. */
  onShape(listener: (shape: Shape) => void): () => void {
    this.shaped.add(listener)
    return () => this.shaped.delete(listener)
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

  /** The sibling that the selected step is read against: the one looked at before, the chosen one, or the best. */
  get beside(): TreeNode | null {
    return this.node && besideOf(this.tree, this.node, this.cameFrom)
  }

  select(node: number | null): void {
    if (node !== this.selected) this.cameFrom = this.selected
    this.selected = node
    if (node !== null) this.sight.visit(node)
  }

  /** Goes to the moment after event `seq`; null follows the present. What the page never read is read first. */
  scrub(seq: number | null): void {
    if (seq !== null && this.store.since > 0) {
      this.readHistory(seq)
      return
    }
    this.seqShown = seq
    this.past = seq === null ? null : { ...this.pastAt(seq) }
  }

  /** Stops reading the history. */
  leaveHistory(): void {
    this.history?.stop()
    this.history = null
    this.historyShare = null
  }

  private readHistory(seq: number): void {
    this.wished = seq
    if (this.history) return
    this.historyShare = 0
    this.history = new HistoryReader(
      this.store.since,
      (after) => this.openSocket(after),
      (share) => {
        this.historyShare = share
      },
      (events) => {
        this.leaveHistory()
        const upto = events.length
        this.store.takeHistory(events)
        // A skeleton cannot tell when hope was lost; the history can.
        if (!this.store.tree.hopeful) this.store.tree.lost = this.pastAt(upto).lost
        this.scrub(this.wished)
      },
      () => {
        this.leaveHistory()
        showToast('An event of this run is missing where its journal is stored: its past cannot be shown.', 'error')
      },
    )
  }

  private pastAt(seq: number): Tree {
    const { events } = this.store
    if (this.replay?.events !== events) this.replay = { events, past: new Past(events) }
    return this.replay.past.at(seq)
  }

  private openSocket(after: number): SocketLike {
    return new WebSocket(runSocketUrl(this.run.id, after)) as never
  }

  toggleFold(node: number): void {
    const next = new Set(this.folded)
    if (!next.delete(node) && this.tree.nodes[node]?.children.length) next.add(node)
    this.folded = next
  }

  toggleHoist(node: number | null): void {
    this.hoisted = this.hoisted === node ? null : node
  }

  /** Shows only the path to `node`, or everything again. */
  togglePath(node: number | null): void {
    this.sight.pathOnly = this.sight.pathOnly === node ? null : node
  }

  /** The bookmark after the selected node, in order of setting; what is selected where there is none. */
  nextBookmark(): number | null {
    const known = this.sight.bookmarks.filter((node) => node < this.tree.nodes.length)
    const place = known.indexOf(this.selected ?? -1)
    return known[(place + 1) % known.length] ?? this.selected
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
