/** What the run has spent against what it may: one meter per cap that was set, and bare counts for the rest. */

import type { Budget } from '../../api/types'
import type { Counters } from '../live/protocol'

export interface Meter {
  name: string
  title: string
  spent: number
  cap: number | null
}

const titles: [keyof Budget & keyof Counters, string][] = [
  ['tokens', 'tokens'],
  ['policy_calls', 'policy calls'],
  ['reward_calls', 'reward passes'],
  ['nodes', 'nodes'],
]

export function meters(counters: Counters | null, caps: Partial<Budget> | null): Meter[] {
  return titles.map(([name, title]) => ({ name, title, spent: counters?.[name] ?? 0, cap: caps?.[name] ?? null }))
}

/** Share of a cap, 0 to 1. */
export function share({ spent, cap }: Meter): number {
  return cap ? Math.min(1, spent / cap) : 0
}
