/** Where a run parts from the first one, in a sentence. */

export interface Moment {
  seq: number
  kind: string
  node: number | null
}

export interface Parting {
  nodes: number
  left: Moment | null
  right: Moment | null
}

const doings: Record<string, string> = {
  node_added: 'added another step',
  prior: 'set other priors',
  scored: 'scored',
  backed_up: 'backed up',
  pruned: 'pruned',
  selected: 'selected',
  restored: 'restored',
  resampled: 'resampled',
  verified: 'checked',
  answer: 'found an answer',
  finished: 'finished',
}

/** “After 5 steps alike, run 1 pruned node 3 and run 2 selected node 4.” */
export function partingSentence(parting: Parting | null, left: number, right: number): string {
  if (!parting) return `Run ${right} did the same as run ${left}, to the end.`
  const { nodes } = parting
  const alike = nodes <= 1 ? 'From the problem on' : `After ${nodes - 1} steps alike`
  return `${alike}, run ${left} ${did(parting.left)} and run ${right} ${did(parting.right)}.`
}

function did(moment: Moment | null): string {
  if (!moment) return 'had ended'
  const doing = doings[moment.kind] ?? moment.kind.replaceAll('_', ' ')
  return moment.node === null || moment.kind === 'finished' ? doing : `${doing} (node ${moment.node})`
}
