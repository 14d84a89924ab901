/** How a run ended, in one sentence. */

import type { Run } from '../../api/types'
import { counted } from '../../design/numbers'
import type { Vote } from '../model/events'

const capTitles: Record<string, string> = {
  tokens: 'token',
  policy_calls: 'policy-call',
  reward_calls: 'reward-pass',
  nodes: 'node',
  seconds: 'time',
}

/** What ended the search, for a run that is over; null while it goes on. */
export function ending(run: Pick<Run, 'state' | 'stopped_by' | 'cap'>): string | null {
  if (run.state === 'cancelled') return 'Stopped by hand; everything found so far is kept.'
  if (run.state !== 'completed') return null
  if (run.stopped_by !== 'budget') return null
  const cap = run.cap ? (capTitles[run.cap] ?? run.cap) : ''
  return `The ${cap ? `${cap} ` : ''}budget is spent; what was found by then stands.`
}

/** What a failed run tells: what happened, what was kept, what to do. */
export function failure(run: Pick<Run, 'error'>, nodes: number): { happened: string; kept: string; todo: string } {
  return {
    happened: run.error || 'The search stopped on an error.',
    kept: nodes
      ? `${counted(nodes, 'node')} and every event up to the failure are kept and can be read here.`
      : 'The problem and its settings are kept.',
    todo: 'Once that is mended, resume it; or fork it to go on with other settings.',
  }
}

/** What a page older than the run's journal must say about events that it cannot draw; null where there are none. */
export function notUnderstood(unknown: readonly { kind: string }[]): string | null {
  if (!unknown.length) return null
  const kinds = [...new Set(unknown.map(({ kind }) => kind.replaceAll('_', ' ')))]
  const named = kinds.slice(0, 3).join(', ') + (kinds.length > 3 ? ' and others' : '')
  return `${counted(unknown.length, 'event')} of a kind that this page does not know (${named}): kept in the journal, not drawn here. A newer Espalier may show more.`
}

/** "5 of 8 votes" for the chosen answer; null where nobody voted. */
export function votesFor(votes: Vote[] | null | undefined, answer: string | null): string | null {
  if (!votes?.length || answer === null) return null
  const mine = votes.find(([option]) => option === answer) ?? votes[0]
  const all = votes.reduce((sum, [, , count]) => sum + count, 0)
  return mine && all > 1 ? `${mine[2]} of ${all} votes` : null
}
