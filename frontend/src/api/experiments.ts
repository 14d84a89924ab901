/** Experiments, as `/api/v1/experiments` answers. */
import type { Budget, Chart, RunState, Sampling } from './types'

export type ExperimentState = 'preparing' | 'running' | 'completed' | 'cancelled' | 'failed'

export interface Plan {
  split: 'dev' | 'test'
  sets: { name: string; problems: number }[]
  strategies: { name: string; algorithm: string; params: Record<string, unknown> }[]
  budgets: Budget[]
  seeds: number[]
  sampling: Sampling
  policy: string
  reward: string | null
}

export interface Experiment {
  id: string
  session: string
  title: string
  state: ExperimentState
  error: string | null
  /** Planned runs; `states` counts those there are. */
  total: number
  states: Partial<Record<RunState, number>>
  /** Finished runs that were looked into, and how many of them the results show. */
  measured: number
  shown: number
  plan: Plan
  created_at: string
  created_by: string | null
}

/** A value with its 95 % interval over `count` problems; null where it is not finite. */
export interface Estimate {
  value: number | null
  low: number | null
  high: number | null
  count: number
}

export interface FailureCount {
  kind: string
  rule: string
  count: number
}

export interface Point {
  strategy: string
  budget: string
  runs: number
  accuracy: Estimate
  coverage: Estimate
  tokens: number
  reward_calls: number
  tokens_per_solved: Estimate
  on_front: boolean
  failures: FailureCount[]
}

export interface Difference extends Estimate {
  one: string
  other: string
  budget: string
}

export interface SetResults {
  name: string
  points: Point[]
  differences: Difference[]
  charts: Chart[]
}

export interface Results {
  sets: SetResults[]
  shown: number
}

export interface ExperimentRun {
  number: number
  run: string
  set: string
  text: string
  strategy: string
  budget: string
  seed: number
  state: RunState
  error: string | null
  answer: string | null
  correct: boolean | null
  tokens: number
  failure: { kind: string; rule?: string; pruned_right?: boolean } | null
}
