/** The shapes of /api/v1 (docs/architecture.md, section 7). */
export interface Page<Item> {
  items: Item[]
  next: string | null
}

export type RunState = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export interface Problem {
  text: string
  answer: string | null
  verifier: string | null
}

export interface Sampling {
  temperature: number
  top_p: number
  max_step_tokens: number
  stop: string[]
}

export interface Budget {
  tokens: number | null
  policy_calls: number | null
  reward_calls: number | null
  nodes: number | null
  seconds: number | null
}

export interface Counters {
  tokens: number
  prompt_tokens: number
  policy_calls: number
  reward_calls: number
  nodes: number
  seconds: number
  lost_tokens: number
}

export interface QueuePlace {
  position: number
  ahead: number
  reason: string
}

export interface Run {
  id: string
  session: string
  title: string
  problem: Problem
  algorithm: string
  params: Record<string, unknown>
  policy: string | null
  reward: string | null
  sampling: Sampling
  budget: Budget
  seed: number
  state: RunState
  stopped_by: string | null
  cap: string | null
  error: string | null
  counters: Counters
  head_seq: number
  revision: number
  answer: string | null
  correct: boolean | null
  chosen: number[] | null
  parent: string | null
  fork_seq: number | null
  queue: QueuePlace | null
  created_at: string
  started_at: string | null
  finished_at: string | null
  created_by: string | null
}

export interface Session {
  id: string
  title: string
  tags: string[]
  created_at: string
  updated_at: string
  archived_at: string | null
  created_by: string | null
  runs: number
  states: Partial<Record<RunState, number>>
  problem?: string | null
  latest?:
    | (Pick<Run, 'id' | 'algorithm' | 'state' | 'stopped_by' | 'answer' | 'correct'> & {
        tokens: number
        nodes: number
        head_seq: number
      })
    | null
  role: string
}

export type Family = 'sampling' | 'steps' | 'tree' | 'particles' | 'refinement' | 'two_models' | 'composed'

export interface Algorithm {
  name: string
  family: Family
  title: string
  summary: string
  paper: string
  needs_reward: boolean
  /** What the policy must take besides problems: a prompt to refine, or any written instruction. */
  needs_prompt: 'refine' | 'instructions' | null
  /** What a person's commands do to it, by the command's name. */
  commands: Record<string, string>
  /** Why the policy that was asked about cannot run it; null where it can, or none was named. */
  refused: string | null
  params: import('../pages/new-run/schema').ParamsSchema
}

export interface Model {
  slug: string
  title: string
  kind: 'policy' | 'reward'
  engine: string
  default: boolean
  domains: string[]
  examples: string[]
  ready: boolean
}

export interface ShareLink {
  id: string
  url?: string
  token?: string
  created_at: string
  expires_at: string
  last_used_at?: string | null
  created_by?: string | null
}

export interface FileFormat {
  name: string
  title: string
  about: string
  shape: 'path' | 'label_tree' | 'preference' | 'tree' | 'journal'
  /** What a neutral step may become where a format knows right and wrong only. */
  neutrals: ('good' | 'bad' | 'half')[]
}

export type JobState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'

export interface ImportJob {
  id: string
  state: JobState
  format: string
  file_name: string
  /** Bytes read so far, of `size`. */
  done: number
  size: number
  counts: { runs: number; steps: number; labels: number; conflicts: number; left_out: number }
  complaints: { line: number; field: string; message: string; mend: string }[]
  runs: string[]
  error: string | null
}

export interface ExportJob {
  id: string
  state: JobState
  format: string
  /** Runs read so far, of `total`. */
  done: number
  total: number | null
  counts: { records?: number; labels?: number; below_unmarked?: number; undecided?: number; left_out?: number }
  error: string | null
  url: string | null
  sha256: string
  size: number | null
}

export interface Chart {
  name: string
  title: string
  look_for: string
  figure: { data: unknown[]; layout: Record<string, unknown> }
}

export interface Charts {
  charts: Chart[]
  as_of_seq: number
}
