/** What the page of models knows of one, and how a trial is put into words. */
import type { FieldProblem } from '../../api/problem'
import type { Model } from '../../api/types'
import { ago, counted } from '../../design/numbers'

export interface ModelDetail extends Model {
  template: Record<string, unknown> | null
  delimiter: string | null
  sampling: Record<string, unknown> | null
  location: string | null
  /** Added by an admin on the page. */
  added: boolean
  configuration: Record<string, unknown> | null
  trouble: string | null
  last_trial: { state: TrialState; at: string } | null
  runs: number
  under_way: number
  last_run_at: string | null
}

export type TrialState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'

/** A stage of what a worker does. */
export interface Stage {
  name: string
  begun: boolean
  told: string | null
  seconds: number | null
}

export const STAGES: Record<string, string> = {
  load: 'Load the model',
  folder: 'Look at the folder',
  tokenizer: 'Read the tokenizer',
  weights: 'Load the weights',
  server: 'Reach the server',
  answer: 'Ask it',
}

export interface TrialResult {
  model: Record<string, unknown>
  input: string | null
  seconds: number
  prompt_tokens?: number
  samples?: { text: string; finish: string; tokens: number; logprob: number | null }[]
  scores?: number[]
  notes?: string[]
}

/** A trial of a model, and the check of one that is being added. */
export interface Trial {
  id: string
  kind: 'policy' | 'reward'
  slug: string
  state: TrialState
  stages: Stage[]
  error: string | null
  result: TrialResult | null
}

export interface Check extends Trial {
  replaces: boolean
  errors: FieldProblem[]
}

export interface Use {
  what: string
  count: number
  under_way: number
  items: { title: string; state: string; at: string; url: string }[]
}

export const ENDS: Record<string, string> = {
  step: 'a step',
  end: 'ends the solution',
  length: 'cut at the step’s length',
}

export const waits = (state: TrialState | undefined): boolean => state === 'queued' || state === 'running'

/** What an answer took: `Answered in 0.24 s: read 31 tokens, wrote 130.` */
export function amount({ seconds, prompt_tokens, samples }: TrialResult): string {
  const took = `Answered in ${seconds < 0.01 ? 'under 0.01' : seconds.toFixed(2)} s`
  if (!samples) return `${took}.`
  const wrote = samples.reduce((sum, sample) => sum + sample.tokens, 0)
  return `${took}: ${prompt_tokens ? `read ${counted(prompt_tokens, 'token')}, wrote ${wrote}` : `wrote ${counted(wrote, 'token')}`}.`
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
