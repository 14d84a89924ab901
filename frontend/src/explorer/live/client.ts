/**
 * Follows one run over the websocket. Delivery is at least once and may be cut anywhere: events are taken by sequence,
 * each exactly once; what is missing is asked for again from the last one taken.
 */

import type { RunEvent } from '../model/events'
import type { Batch, Connection, Counters, End, Message, RunState } from './protocol'

/** Where events go. `seq` is the last one taken: the only state a reconnection needs. */
export interface Sink {
  readonly seq: number
  /** The run's last event when the connection was made. */
  takeHead(head: number): void
  takeEvents(events: RunEvent[]): void
  takeState(state: RunState, counters: Counters | undefined): void
  takeEnd(end: End): void
}

export interface SocketLike {
  onopen: ((event: never) => void) | null
  onmessage: ((event: { data: string }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  close(): void
}

interface Surroundings {
  openSocket: (after: number) => SocketLike
  onConnection: (connection: Connection) => void
  random?: () => number
  setTimer?: (callback: () => void, milliseconds: number) => number
  clearTimer?: (timer: number) => void
}

const firstDelay = 250
const longestDelay = 10_000
/** A fresh connection brings all that is stored: what so many of them did not bring is not there. */
const mostAsked = 4
/** Close codes by which the server says that asking again will not help. */
const refusals = new Set([4401, 4403, 4404])

export class LiveClient {
  private socket: SocketLike | null = null
  private timer: number | null = null
  private failures = 0
  private stopped = false
  /** The event after which something is missing, and how often it was asked for. */
  private gap = { after: -1, asked: 0 }
  private readonly around: Required<Surroundings>

  constructor(
    private readonly sink: Sink,
    surroundings: Surroundings,
  ) {
    this.around = {
      random: Math.random,
      setTimer: (callback, milliseconds) => window.setTimeout(callback, milliseconds),
      clearTimer: (timer) => window.clearTimeout(timer),
      ...surroundings,
    }
  }

  start(): void {
    this.stopped = false
    this.around.onConnection('connecting')
    this.connect()
  }

  stop(): void {
    this.stopped = true
    this.cancelTimer()
    this.drop()
  }

  /** Tries again at once: the network came back, or the person asked. */
  retryNow(): void {
    if (this.stopped || this.timer === null) return
    this.cancelTimer()
    this.connect()
  }

  private connect(): void {
    this.drop()
    const socket = this.around.openSocket(this.sink.seq)
    this.socket = socket
    socket.onmessage = ({ data }) => {
      if (socket === this.socket) this.receive(JSON.parse(data) as Message)
    }
    socket.onclose = ({ code }) => {
      if (socket === this.socket) this.lose(code)
    }
  }

  private receive(message: Message): void {
    switch (message.type) {
      case 'hello':
        this.failures = 0
        this.around.onConnection('live')
        this.sink.takeHead(message.head)
        this.sink.takeState(message.state, message.counters)
        return
      case 'batch':
        this.takeBatch(message)
        return
      case 'resync':
        this.drop()
        this.retryLater()
        return
      case 'end':
        // The run is over, but a person may still act on it: keep listening for a later revision.
        if (message.final_seq > this.sink.seq) this.fillGap()
        else this.sink.takeEnd(message)
    }
  }

  private takeBatch(batch: Batch): void {
    if (batch.from_seq > this.sink.seq + 1) {
      this.fillGap()
      return
    }
    this.takeNew(batch.events)
    if (batch.state) this.sink.takeState(batch.state, batch.counters)
  }

  private takeNew(events: RunEvent[]): void {
    const fresh: RunEvent[] = []
    let next = this.sink.seq + 1
    for (const event of events) {
      if (event.seq < next) continue
      if (event.seq > next) {
        if (fresh.length) this.sink.takeEvents(fresh)
        this.fillGap()
        return
      }
      fresh.push(event)
      next += 1
    }
    if (fresh.length) this.sink.takeEvents(fresh)
  }

  private fillGap(): void {
    const after = this.sink.seq
    this.gap = { after, asked: this.gap.after === after ? this.gap.asked + 1 : 1 }
    this.drop()
    if (this.gap.asked > mostAsked) this.around.onConnection('incomplete')
    else this.retryLater()
  }

  private lose(code: number): void {
    this.socket = null
    if (this.stopped) return
    if (refusals.has(code)) {
      this.around.onConnection('refused')
      return
    }
    this.retryLater()
  }

  private retryLater(): void {
    this.around.onConnection('reconnecting')
    const ceiling = Math.min(longestDelay, firstDelay * 2 ** this.failures)
    this.failures += 1
    this.cancelTimer()
    // Half fixed, half random: a restarted server is not met by every page in the same instant.
    const delay = ceiling / 2 + (ceiling / 2) * this.around.random()
    this.timer = this.around.setTimer(() => {
      this.timer = null
      this.connect()
    }, delay)
  }

  private cancelTimer(): void {
    if (this.timer !== null) this.around.clearTimer(this.timer)
    this.timer = null
  }

  private drop(): void {
    const socket = this.socket
    this.socket = null
    if (!socket) return
    socket.onmessage = null
    socket.onclose = null
    socket.close()
  }
}
