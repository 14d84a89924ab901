/** The keys of the explorer, and the sheet that lists them. Off while typing, and while a dialog is open. */

import { pressLabelKey } from '../labelling/keys'
import type { Explorer } from './explorer.svelte'
import { treeStep } from './walk'

export interface Doings {
  search: () => void
  keySheet: () => void
  fit: () => void
  zoom: (factor: number) => void
  play: () => void
}

export const keySheet: { keys: string[]; title: string }[] = [
  { keys: ['←', '→'], title: 'To the parent, to the first child' },
  { keys: ['↑', '↓'], title: 'To the sibling above or below' },
  { keys: ['r'], title: 'To the root' },
  { keys: ['f'], title: 'Fold or unfold what lies below' },
  { keys: ['o'], title: 'Show only what lies below (again: everything)' },
  { keys: ['v'], title: 'Hide pruned branches, or show them again' },
  { keys: ['p'], title: 'Show only the path to this step (again: everything)' },
  { keys: ['g'], title: 'Group equal siblings, or show each' },
  { keys: ['b'], title: 'Set a bookmark here, or take it away' },
  { keys: ['n'], title: 'To the next bookmark' },
  { keys: ['/'], title: 'Find a step' },
  { keys: ['Space'], title: 'Replay the search, or stop replaying' },
  { keys: ['1', '2', '3'], title: 'Mark the step bad, neutral, good' },
  { keys: ['u'], title: 'Mark the step unsure; any mark pressed again is taken back' },
  { keys: ['x'], title: 'First error here: the steps before are good, this one is bad, the rest is unmarked' },
  { keys: ['w', 'q'], title: 'Of the step and its sibling: this one is better, the other is better' },
  { keys: ['e', 'U'], title: 'Of the step and its sibling: equally good, cannot say' },
  { keys: ['c', 't'], title: 'Comment on the step, tag it' },
  { keys: ['d'], title: 'Divide the step, where the model cut it badly' },
  { keys: ['m'], title: 'One step with the step before, or apart again' },
  { keys: ['z'], title: 'Undo the last mark' },
  { keys: ['j', 'k'], title: 'To the next step, to the step before' },
  { keys: ['h', 'l'], title: 'To the sibling above or below' },
  { keys: ['0'], title: 'Show the whole tree' },
  { keys: ['+', '−'], title: 'Zoom in, zoom out' },
  { keys: ['Esc'], title: 'Select nothing' },
  { keys: ['?'], title: 'This sheet' },
]

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  return (
    target.isContentEditable ||
    target.matches('input, textarea, select') ||
    document.querySelector('dialog[open]') !== null
  )
}

/** The annotators' keys for the same steps as the arrows. */
const steps: Record<string, string> = { j: 'ArrowRight', k: 'ArrowLeft', h: 'ArrowUp', l: 'ArrowDown' }

/** Carries out a key press; answers whether it meant something here. */
export function pressKey(event: KeyboardEvent, explorer: Explorer, doings: Doings): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return false
  if (event.key.startsWith('Arrow')) {
    explorer.select(treeStep(explorer.tree, explorer.selected, event.key))
    return true
  }
  if (event.key in steps) {
    explorer.select(treeStep(explorer.tree, explorer.selected, steps[event.key] as string))
    return true
  }
  const { labels, selected, trail, beside } = explorer
  if (labels.may && pressLabelKey(event.key, labels, selected, trail.slice(1), beside?.index ?? null)) return true
  const onButton =
    event.target instanceof HTMLElement && event.target.closest('button, summary, [role="separator"]') !== null
  const acts: Record<string, () => void> = {
    r: () => explorer.select(explorer.tree.nodes.length ? 0 : null),
    f: () => explorer.selected !== null && explorer.toggleFold(explorer.selected),
    o: () => explorer.toggleHoist(explorer.selected),
    v: () => (explorer.sight.hidePruned = !explorer.sight.hidePruned),
    p: () => explorer.togglePath(explorer.selected),
    g: () => (explorer.sight.grouped = !explorer.sight.grouped),
    b: () => explorer.selected !== null && explorer.sight.toggleBookmark(explorer.selected),
    n: () => explorer.select(explorer.nextBookmark()),
    '/': doings.search,
    '?': doings.keySheet,
    '0': doings.fit,
    '+': () => doings.zoom(1.25),
    '=': () => doings.zoom(1.25),
    '-': () => doings.zoom(0.8),
    Escape: () => explorer.select(null),
    ...(onButton ? {} : { ' ': doings.play }),
  }
  acts[event.key]?.()
  return event.key in acts
}
