/** Trainings of rewards, as `/api/v1/trainings` answers. */

export type TrainingState = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
export type LabelSource = 'human' | 'rollout' | 'exact' | 'model'

export interface CurveRow {
  step: number
  loss: number | null
  held_out_loss: number | null
  held_out_auc: number | null
  seconds: number
}

export interface Training {
  id: string
  title: string
  slug: string
  base: string
  sessions: string[]
  sources: LabelSource[]
  steps: number
  seed: number
  state: TrainingState
  done: number
  curve: CurveRow[]
  /** Of the labels, as of an export; empty before the worker has read them. */
  counts: { steps?: number; paths?: number; problems?: number; held_out?: number }
  error: string
  created_at: string
  created_by: string | null
}

/** Who set a label, in words. */
export const SOURCES: Record<LabelSource, string> = {
  human: 'People',
  rollout: 'Rollouts',
  exact: 'Exact truth',
  model: 'Judges',
}

export function isMoving(training: Pick<Training, 'state'>): boolean {
  return training.state === 'queued' || training.state === 'running'
}

/** Held-out problems below which figures on them say little. */
const FEW = 10

/** What to know of a training that has few problems to be measured by; empty where there are enough, or not known yet. */
export function heldOutWarning({ problems, held_out }: Training['counts']): string {
  if (problems === undefined || held_out === undefined || held_out >= FEW) return ''
  if (held_out === 0) {
    const all = problems === 1 ? 'The only problem is' : `All ${problems} problems are`
    return `${all} learned from, and none is held out: nothing here says how good the reward is elsewhere, and the weights of the last step are kept, good or not. Label more problems.`
  }
  const few = held_out === 1 ? 'one problem' : `${held_out} problems`
  return `Only ${few} of ${problems} ${held_out === 1 ? 'is' : 'are'} held out: loss and AUC on them are rough, and which weights are kept is largely chance. More labelled problems make both sound.`
}

/** What the reward at hand was worth on held-out problems: the row with the lowest loss there. */
export function bestRow(curve: CurveRow[]): CurveRow | null {
  let best: CurveRow | null = null
  for (const row of curve) {
    if (row.held_out_loss !== null && (best === null || row.held_out_loss < (best.held_out_loss ?? Infinity)))
      best = row
  }
  return best
}
