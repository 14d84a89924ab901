/** The live client against a socket that is cut, doubled and out of step. */

import { beforeEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '../model/events'
import { LiveClient, type Sink, type SocketLike } from './client'
import type { Connection, Message } from './protocol'

class FakeSocket implements SocketLike {
  onopen = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  closed = false

  constructor(readonly after: number) {}

  close(): void {
    this.closed = true
  }

  say(message: Message): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  batch(from: number, to: number): void {
    this.say({ type: 'batch', run: 'r', from_seq: from, to_seq: to, events: events(from, to) })
  }

  cut(code = 1006): void {
    this.onclose?.({ code })
  }
}

const events = (from: number, to: number): RunEvent[] =>
  Array.from({ length: to - from + 1 }, (_, place) => ({ seq: from + place, kind: 'scored', at: '' }))

let sockets: FakeSocket[]
let timers: { callback: () => void; delay: number }[]
let connections: Connection[]
let taken: number[]
let ends: number
let client: LiveClient
let sink: Sink

const socket = () => sockets.at(-1) as FakeSocket
const elapse = () => timers.splice(0).forEach(({ callback }) => void callback())

beforeEach(() => {
  sockets = []
  timers = []
  connections = []
  taken = []
  ends = 0
  sink = {
    get seq() {
      return taken.at(-1) ?? 0
    },
    takeHead: () => undefined,
    takeEvents: (fresh) => void taken.push(...fresh.map((event) => event.seq)),
    takeState: () => undefined,
    takeEnd: () => {
      ends += 1
    },
  }
  client = new LiveClient(sink, {
    openSocket: (after) => {
      sockets.push(new FakeSocket(after))
      return socket()
    },
    onConnection: (connection) => void connections.push(connection),
    random: () => 0.5,
    setTimer: (callback, delay) => timers.push({ callback, delay }),
    clearTimer: () => void timers.splice(0),
  })
  client.start()
  socket().say({ type: 'hello', run: 'r', head: 0, state: 'running', counters: { tokens: 0 } as never, revision: 0 })
})

const upTo = (last: number) => Array.from({ length: last }, (_, place) => place + 1)

describe('the live client', () => {
  it('takes batches in order', () => {
    socket().batch(1, 3)
    socket().batch(4, 4)
    expect(taken).toEqual(upTo(4))
    expect(connections).toEqual(['connecting', 'live'])
  })

  it('drops what it has already', () => {
    socket().batch(1, 5)
    socket().batch(3, 7)
    socket().batch(1, 2)
    expect(taken).toEqual(upTo(7))
  })

  it('gives up on an event that no connection brings, and says so', () => {
    for (let asked = 0; asked < 5; asked += 1) {
      socket().batch(1, 2)
      socket().batch(4, 5)
      expect(socket().closed).toBe(true)
      elapse()
    }
    expect(taken).toEqual([1, 2])
    expect(sockets.map((one) => one.after)).toEqual([0, 2, 2, 2, 2])
    expect(connections.at(-1)).toBe('incomplete')
  })

  it('asks again from its last event when a batch leaves a gap', () => {
    socket().batch(1, 3)
    const first = socket()
    first.batch(6, 8)
    expect(taken).toEqual(upTo(3))
    expect(first.closed).toBe(true)
    elapse()
    expect(socket().after).toBe(3)
    socket().batch(4, 8)
    expect(taken).toEqual(upTo(8))
  })

  it('keeps the good part of a batch with a hole in it', () => {
    const holed = events(1, 5).filter((event) => event.seq !== 3)
    socket().say({ type: 'batch', run: 'r', from_seq: 1, to_seq: 5, events: holed })
    expect(taken).toEqual([1, 2])
    elapse()
    expect(socket().after).toBe(2)
  })

  it('loses and doubles nothing when it is cut, and waits longer each time, up to a limit', () => {
    socket().batch(1, 4)
    const delays: number[] = []
    for (let round = 0; round < 8; round += 1) {
      socket().cut()
      delays.push(timers[0]?.delay as number)
      elapse()
    }
    expect(delays.slice(0, 3)).toEqual([187.5, 375, 750])
    expect(Math.max(...delays)).toBe(7500)
    expect(connections.at(-1)).toBe('reconnecting')
    expect(socket().after).toBe(4)
    socket().batch(2, 9)
    expect(taken).toEqual(upTo(9))
  })

  it('does not listen to a socket it has given up', () => {
    const first = socket()
    const say = first.onmessage
    first.batch(4, 5)
    elapse()
    say?.({ data: JSON.stringify({ type: 'batch', run: 'r', from_seq: 1, to_seq: 2, events: events(1, 2) }) })
    expect(taken).toEqual([])
  })

  it('reconnects on resync', () => {
    socket().batch(1, 2)
    socket().say({ type: 'resync', run: 'r', after: 2 })
    elapse()
    expect(sockets.length).toBe(2)
    expect(socket().after).toBe(2)
  })

  it('stays connected after the end, for a later revision', () => {
    socket().batch(1, 2)
    const end = {
      type: 'end',
      run: 'r',
      final_seq: 2,
      state: 'completed',
      stopped_by: null,
      answer: null,
      correct: null,
    }
    socket().say(end as Message)
    expect(ends).toBe(1)
    socket().batch(3, 4)
    expect(taken).toEqual(upTo(4))
    expect(sockets.length).toBe(1)
  })

  it('fetches what is missing before it believes an end', () => {
    socket().batch(1, 2)
    const end = {
      type: 'end',
      run: 'r',
      final_seq: 9,
      state: 'completed',
      stopped_by: null,
      answer: null,
      correct: null,
    }
    socket().say(end as Message)
    expect(ends).toBe(0)
    elapse()
    expect(socket().after).toBe(2)
  })

  it('does not ask again where it is not allowed', () => {
    socket().cut(4403)
    expect(connections.at(-1)).toBe('refused')
    expect(timers).toEqual([])
  })

  it('tries at once when the network is back', () => {
    socket().cut()
    client.retryNow()
    expect(sockets.length).toBe(2)
  })
})
