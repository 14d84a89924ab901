/** What the page of models knows of one, and how a trial is put into words. */
import type { Model } from '../../api/types'
import { ago, counted } from '../../design/numbers'

export interface ModelDetail extends Model {
  template: Record<string, unknown> | null
  delimiter: string | null
  sampling: Record<string, unknown> | null
  location: string | null
  trouble: string | null
  last_trial: { state: TrialState; at: string } | null
  runs: number
  under_way: number
  last_run_at: string | null
}

export type TrialState = 'queued' | 'running' | 'completed' | 'failed'

export interface Trial {
  id: string
  kind: 'policy' | 'reward'
  slug: string
  state: TrialState
  error: string | null
  result: {
    model: Record<string, unknown>
    input: string | null
    seconds: number
    samples?: { text: string; finish: string; tokens: number; logprob: number | null }[]
    scores?: number[]
  } | null
}

/** Whitespace that matters, made visible: `"\n\n"` → `⏎⏎`. */
export function visible(text: string): string {
  return text.replaceAll('\n', '⏎').replaceAll('\t', '⇥').replace(/^ | $/g, '␣')
}

/** Who uses it: `12 runs, 2 under way, the newest 3 minutes ago`. */
export function usage({ runs, under_way, last_run_at }: ModelDetail): string {
  if (!runs) return 'no run of yours names it yet'
  const busy = under_way ? `, ${under_way} under way` : ''
  return `${counted(runs, 'run')}${busy}, the newest ${last_run_at ? ago(last_run_at) : ''}`.trim()
}

/** Its state in a word and a sentence. */
export function health(model: ModelDetail): { mark: 'completed' | 'failed' | 'queued'; word: string } {
  if (model.trouble) return { mark: 'failed', word: 'not in order' }
  if (model.last_trial?.state === 'failed')
    return { mark: 'failed', word: `failed when tried ${ago(model.last_trial.at)}` }
  if (model.last_trial?.state === 'completed')
    return { mark: 'completed', word: `worked when tried ${ago(model.last_trial.at)}` }
  return { mark: 'queued', word: 'not tried yet' }
}

/** Settings as `name: value` pairs, whitespace visible; what is null or empty is left out. */
export function pairs(settings: Record<string, unknown> | null): [string, string][] {
  return Object.entries(settings ?? {})
    .filter(([, value]) => value !== null && value !== '' && typeof value !== 'object')
    .map(([name, value]) => [name, typeof value === 'string' ? visible(value) : String(value)])
}

/** The steps of a text area, one a line. */
export function stepsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}
