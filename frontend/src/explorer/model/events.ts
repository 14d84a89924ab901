/**
 * The journal's events as the page receives them (docs/architecture.md, "The journal").
 *
 * Observations carry their payload; effects arrive bare, so that sequences have no gaps. A `human` effect keeps its payload.
 */

export type NodeKind = 'root' | 'step' | 'answer' | 'plan' | 'critique' | 'revision' | 'human'
/** `chunk`: halted in mid-step, to go on from there. */
export type Finish = 'step' | 'chunk' | 'end' | 'length' | 'budget' | 'aborted'

export interface RunEvent {
  seq: number
  kind: string
  at: string
  payload?: unknown
}

export interface NodeAdded {
  index: number
  parents: number[]
  depth: number
  kind: NodeKind
  key: string
  text: string
  tokens: number
  finish: Finish | null
  logprob: number | null
  prior: number | null
  by?: string | null
}

export interface Scored {
  source: string
  scores: [number, number][]
  drives: boolean
}

export interface BackedUp {
  path: number[]
  value: number
  rule: 'mean' | 'max'
}

export interface Ranked {
  node: number
  score: number | null
  rank: number | null
  terms?: Terms
}

/** The named numbers a score was made of, such as A*'s g and h. */
export type Terms = Record<string, number | string | null>

/** What one node's selection looked like: q + u is what the strategy compared. */
export interface SelectionStep {
  node: number
  q: number | null
  u: number | null
  n: number
  prior: number | null
}

export interface Pruned {
  rule: string
  cutoff: number | null
  of: number | null
  nodes: Ranked[]
  by?: string | null
  detail?: Record<string, unknown> | null
}

export interface Selected {
  rule: string
  cutoff: number | null
  of: number | null
  nodes: Ranked[]
  detail?: { steps?: SelectionStep[] } | null
}

export interface Restored {
  nodes: number[]
  by?: string | null
}

export interface Resampled {
  step: number
  scheme: string
  temperature: number
  resampled: boolean
  ess: number
  particles: { node: number; weight: number; offspring: number }[]
}

export interface Priors {
  priors: [number, number][]
}

export interface Verified {
  nodes: [number, boolean | null][]
}

export interface AnswerFound {
  node: number
  answer: string | null
  canonical: string | null
  correct: boolean | null
}

export interface Caps {
  tokens: number | null
  policy_calls: number | null
  reward_calls: number | null
  nodes: number | null
  seconds: number | null
}

export interface Spent {
  tokens: number
  prompt_tokens: number
  policy_calls: number
  reward_calls: number
  nodes: number
  caps: Caps
  /** Those of `tokens` that a draft policy wrote; only in runs with two policies. */
  draft_tokens?: number
}

export type Vote = [answer: string, weight: number, count: number]

export interface Finished {
  stopped_by: string
  cap?: string | null
  node: number | null
  answer: string | null
  correct: boolean | null
  path: number[]
  votes?: Vote[] | null
  rule: string | null
  revision: number
}

export interface HumanCommand {
  id: string
  command: string
  node?: number | null
  text?: string | null
  n?: number | null
  by?: string | null
}
