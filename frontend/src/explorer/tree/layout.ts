/** The page's end of the layout worker: sends what was added, hands on the columns that changed. */

import type { Shape } from '../model/skeleton'
import type { Tree } from '../model/tree'
import { type Column, Columns } from './columns'
import type { LayoutRequest } from './layout.worker'

type Taken = (columns: Column[]) => void

export class Layout {
  private sent = 0
  private waiting = 0
  private readonly worker: Worker | null
  private readonly here: Columns | null

  constructor(private readonly taken: Taken) {
    this.worker = openWorker()
    this.here = this.worker ? null : new Columns()
    if (!this.worker) return
    this.worker.onmessage = ({ data }: MessageEvent<Column[]>) => {
      this.waiting -= 1
      this.taken(data)
    }
  }

  /** Whether every node sent has its place. */
  get settled(): boolean {
    return this.waiting === 0
  }

  /** Begins with a whole tree of which only the shape is known yet. The arrays are given away. */
  begin({ parents, depths }: Shape): void {
    if (this.sent || !parents.length) return
    this.sent = parents.length
    this.ask({ kind: 'add', parents, depths })
  }

  /** Sends the nodes added since the last call. */
  follow(tree: Tree): void {
    const count = tree.nodes.length - this.sent
    if (count <= 0) return
    const parents = new Int32Array(count)
    const depths = new Int32Array(count)
    for (let i = 0; i < count; i += 1) {
      const node = tree.nodes[this.sent + i]
      parents[i] = node?.parents[0] ?? -1
      depths[i] = node?.depth ?? 0
    }
    this.sent = tree.nodes.length
    this.ask({ kind: 'add', parents, depths })
  }

  tidy(): void {
    this.ask({ kind: 'tidy' })
  }

  close(): void {
    this.worker?.terminate()
  }

  private ask(request: LayoutRequest): void {
    if (this.worker) {
      this.waiting += 1
      const transfer = request.kind === 'add' ? [request.parents.buffer, request.depths.buffer] : []
      this.worker.postMessage(request, transfer)
    } else if (this.here) {
      this.taken(request.kind === 'add' ? this.here.add(request.parents, request.depths) : this.here.tidy())
    }
  }
}

/** A browser without module workers lays out on the page's own thread. */
function openWorker(): Worker | null {
  if (typeof Worker === 'undefined') return null
  try {
    return new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' })
  } catch {
    return null
  }
}
