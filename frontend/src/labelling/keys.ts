/** The keys of labelling: those of a step, which the explorer shares, and those of the labelling page. */

import type { Labels } from './labels.svelte'
import { verdicts } from './preferences.svelte'
import { choices, pressed } from './ratings'

export const labellingKeys: { keys: string[]; title: string }[] = [
  { keys: ['1', '2', '3'], title: 'Bad, neutral, good; after neutral and good the next step comes up' },
  { keys: ['u'], title: 'Unsure; any mark pressed again is taken back' },
  { keys: ['x'], title: 'First error here: the steps before are good, this one is bad, the rest is unmarked' },
  { keys: ['j', 'k'], title: 'Next step, step before' },
  { keys: ['h', 'l'], title: 'The other ways at this place' },
  { keys: ['w', 'q'], title: 'Of this way and the other: this one is better, the other is better' },
  { keys: ['e', 'U'], title: 'Of this way and the other: equally good, cannot say' },
  { keys: ['c', 't'], title: 'Comment on the step, tag it' },
  { keys: ['d'], title: 'Divide the step, where the model cut it badly' },
  { keys: ['m'], title: 'One step with the step before, or apart again' },
  { keys: ['z'], title: 'Undo' },
  { keys: ['a'], title: 'Show or hide the reference answer' },
  { keys: ['Ctrl', 'Enter'], title: 'Submit and next' },
  { keys: ['g'], title: 'Give up on this path' },
  { keys: ['b'], title: 'Bad problem: it cannot be solved as it stands' },
  { keys: ['s'], title: 'Skip this path, where the queue allows it' },
  { keys: ['?'], title: 'This sheet' },
]

/**
 * Carries out a key that is about the step `node` of `path` (0 is the problem), or about it and the way `other` beside
 * it; answers whether it meant something.
 */
export function pressLabelKey(
  key: string,
  labels: Labels,
  node: number | null,
  path: readonly number[],
  other: number | null,
): boolean {
  if (key === 'z') {
    labels.undo()
    return true
  }
  if (!node) return false
  const choice = choices.find((one) => one.key === key)
  const said = verdicts.find((one) => one.key === key)
  const parts = labels.cuts.of(node).parts
  if (said && other === null) return false
  if (said && other !== null) labels.preferences.press(node, other, said.verdict)
  else if (choice && parts.length) {
    const at = labels.partAt(node)
    labels.cuts.markPart(node, at, pressed(choice, parts[at]))
    labels.lookAt(node, Math.min(at + 1, parts.length - 1))
  } else if (choice) labels.set(node, pressed(choice, labels.own(node)))
  else if (key === 'x') labels.firstError(path, node)
  else if (key === 'c') labels.editing = 'comment'
  else if (key === 't') labels.editing = 'tags'
  else if (key === 'd') labels.editing = 'cut'
  else if (key === 'm' && path.indexOf(node) > 0) labels.cuts.toggleJoin(node)
  else return false
  return true
}
