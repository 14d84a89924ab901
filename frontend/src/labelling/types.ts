/** What the labelling endpoints answer. */

/** What somebody thinks of a step. */
export interface Judgement {
  rating: number | null
  unsure: boolean
  tags: string[]
  comment: string
}

export interface OwnLabel extends Judgement {
  at: string
}

export interface Label extends OwnLabel {
  node: number
  source: string
  model?: string
  /** Of rollouts: how many came right. */
  counts?: { right: number; of: number } | null
  by: string | null
}

/** Of two siblings, `first` the older node: which one is better. A judgement that was taken back has no verdict. */
export interface Preference {
  first: number
  second: number
  verdict: 'first' | 'second' | 'tie' | 'unsure' | null
  at: string | null
  source: string
  model: string
  by: string | null
}

/** A piece of a step's text up to character `end`, with its own mark. */
export interface Part {
  end: number
  rating: -1 | 0 | 1 | null
  unsure: boolean
}

/** How one has cut a step: whether it goes on with the step before, and its parts; none where it is one. */
export interface Cut {
  node: number
  joined: boolean
  parts: Part[]
}

export interface ReadStep {
  node: number
  text: string
  label: OwnLabel | null
  /** Null where rewards are hidden while labelling. */
  rewards: Record<string, number> | null
}

export interface PathStep extends ReadStep {
  siblings: ReadStep[]
}

export interface Review {
  outcome: 'solution' | 'found_error' | 'bad_problem' | 'give_up'
  comment: string
  seconds: number
  at: string
}

/** A path to read, from the problem to `leaf`. */
export interface ReadPath {
  run: string
  session: string
  leaf: number
  problem: string
  reference: string | null
  steps: PathStep[]
  /** The reader's own, between siblings on this path. */
  preferences: Preference[]
  /** The reader's own. */
  cuts: Cut[]
  review: Review | null
  tags: string[]
}

/** How a reading ends: `outcome` null leaves it to the marks. */
export interface Ending {
  outcome: 'bad_problem' | 'give_up' | null
  seconds: number
  step_seconds: Record<number, number>
}

export interface Counts {
  items: number
  done: number
  gold: number
  held: number
  readings: number
  mine: number
  left: number
}

export type OrderingName = 'random' | 'convincing_wrong' | 'reward_vs_rollouts' | 'uncertain_reward'

export interface Queue {
  id: string
  title: string
  instructions: string
  sessions: string[]
  ordering: OrderingName
  labels_per_item: number
  blind: boolean
  show_rewards: boolean
  skipping: 'forbidden' | 'to_others' | 'later'
  lock_minutes: number
  screening: number
  screening_pass: number
  annotators: string[]
  created_by: string | null
  created_at: string
  closed_at: string | null
  counts: Counts
}

export interface Annotator {
  annotator: string
  readings: number
  skipped: number
  outcomes: Record<string, number>
  /** The median per item. */
  seconds: number | null
  gold: { paths: number; first_errors: number; steps: number; right: number; accuracy: number } | null
  screening: { read: number; passed: boolean | null } | null
}

export interface QueueDetail extends Queue {
  people: Annotator[]
}

/** An item in front of somebody; all null when there is none for them now. */
export interface QueueTask {
  item: string | null
  held_until: string | null
  path: ReadPath | null
  counts: Counts
}

export interface Measured {
  alpha: number | null
  /** Steps or paths that two people or more have judged. */
  units: number
  pairs: { first: string; second: string; units: number; same: number; kappa: number | null }[]
}

export interface Agreement {
  items_read_twice: number
  items_disputed: number
  items_adjudicated: number
  steps: Measured
  first_errors: Measured
  preferences: Measured
}

export interface DisputedStep {
  node: number
  text: string
  ratings: Record<string, number | null>
  disputed: boolean
  adjudicated: number | null
}

export interface Disagreement {
  item: string
  run: string
  leaf: number
  place: number
  problem: string
  reference: string | null
  annotators: string[]
  steps: DisputedStep[]
}
