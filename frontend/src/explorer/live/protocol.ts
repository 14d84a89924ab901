/** Messages of `/ws/runs/<id>/?after=<seq>` (docs/architecture.md, "Websocket"), and the run they speak of. */

import type { RunEvent } from '../model/events'

export type RunState = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export interface Counters {
  tokens: number
  prompt_tokens?: number
  policy_calls: number
  reward_calls: number
  nodes: number
  seconds: number
  lost_tokens?: number
}

export interface Hello {
  type: 'hello'
  run: string
  head: number
  state: RunState
  counters: Counters
  revision: number
}

export interface Batch {
  type: 'batch'
  run: string
  from_seq: number
  to_seq: number
  events: RunEvent[]
  state?: RunState
  counters?: Counters
}

export interface Resync {
  type: 'resync'
  run: string
  after: number
}

export interface End {
  type: 'end'
  run: string
  final_seq: number
  state: RunState
  stopped_by: string | null
  answer: string | null
  correct: boolean | null
}

export type Message = Hello | Batch | Resync | End

/** What the connection is doing, for the person to see. */
/** `incomplete`: an event is missing in the journal itself, not on its way. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'refused' | 'incomplete'

export function runSocketUrl(run: string, after: number, page: Location = location): string {
  const scheme = page.protocol === 'https:' ? 'wss' : 'ws'
  return `${scheme}://${page.host}/ws/runs/${run}/?after=${after}`
}
