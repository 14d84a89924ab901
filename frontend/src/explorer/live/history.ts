/** Reads the events that a skeleton left out, over a websocket of its own, for who looks back in time. */

import type { RunEvent } from '../model/events'
import { LiveClient, type Sink, type SocketLike } from './client'
import type { Connection } from './protocol'

/** Collects events 1 to `upto`; `stop` ends it, after which `done` is never called; `failed` when one is missing. */
export class HistoryReader implements Sink {
  readonly events: RunEvent[] = []
  private readonly client: LiveClient

  constructor(
    private readonly upto: number,
    openSocket: (after: number) => SocketLike,
    private readonly progress: (share: number) => void,
    private readonly done: (events: RunEvent[]) => void,
    private readonly failed: () => void,
  ) {
    const onConnection = (connection: Connection) => connection === 'incomplete' && this.failed()
    this.client = new LiveClient(this, { openSocket, onConnection })
    this.client.start()
  }

  get seq(): number {
    return this.events.length
  }

  takeEvents(events: RunEvent[]): void {
    for (const event of events) if (event.seq <= this.upto) this.events.push(event)
    this.progress(this.seq / this.upto)
    if (this.seq < this.upto) return
    this.stop()
    this.done(this.events)
  }

  stop(): void {
    this.client.stop()
  }

  takeHead(): void {}
  takeState(): void {}
  takeEnd(): void {}
}
