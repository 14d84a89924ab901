/** What the form remembers between visits, in this browser. */
import type { Budget } from '../../api/types'

/** Null is the model's own setting. */
export interface SamplingDraft {
  temperature: number | null
  top_p: number | null
  max_step_tokens: number | null
}

/** Chosen instead of a reward model: the run goes without one. */
export const NO_REWARD = '-'

export interface Draft {
  problem: string
  answer: string
  algorithm: string
  /** Each strategy keeps its own parameters. */
  params: Record<string, Record<string, unknown>>
  policy: string
  reward: string
  sampling: SamplingDraft
  budget: Budget
  seed: number | null
  /** Strategies that are started beside `algorithm`, and how many seeds each gets. */
  also: string[]
  seeds: number
}

const KEY = 'espalier.new-run'

/** Chosen so that one click gives a tree worth looking at within a few seconds. */
export function freshDraft(): Draft {
  return {
    problem: '',
    answer: '',
    algorithm: 'beam',
    params: {},
    policy: '',
    reward: '',
    sampling: { temperature: null, top_p: null, max_step_tokens: null },
    budget: { tokens: 8000, policy_calls: null, reward_calls: null, nodes: null, seconds: 120 },
    seed: null,
    also: [],
    seeds: 1,
  }
}

export function loadDraft(): Draft {
  const fresh = freshDraft()
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Draft>
    return {
      ...fresh,
      ...kept,
      sampling: { ...fresh.sampling, ...kept.sampling },
      budget: { ...fresh.budget, ...kept.budget },
    }
  } catch {
    return fresh // storage is off or was written by something else: the defaults are as good
  }
}

export function saveDraft(draft: Draft): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(draft))
  } catch {
    // Private windows may refuse; the form works without being remembered.
  }
}

/** The body of `POST /sessions/{id}/runs`: what was left empty is left out, so that the server's defaults apply. */
export function requestOf(draft: Draft, params: Record<string, unknown>): Record<string, unknown> {
  const answer = draft.answer.trim()
  return {
    problem: answer ? { text: draft.problem.trim(), answer } : { text: draft.problem.trim() },
    algorithm: draft.algorithm,
    params,
    sampling: filledIn(draft.sampling),
    budget: filledIn(draft.budget),
    ...(draft.policy ? { policy: draft.policy } : {}),
    ...(draft.reward ? { reward: draft.reward === NO_REWARD ? null : draft.reward } : {}),
    ...(draft.seed === null ? {} : { seed: draft.seed }),
  }
}

function filledIn(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** A session's title, from its first problem. */
export function titleFor(problem: string): string {
  const line = problem.trim().split('\n')[0] ?? ''
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
