/** The sentences that explain a node. */

import { describe, expect, it } from 'vitest'
import { fold } from '../model/fold'
import { emptyTree, type Tree } from '../model/tree'
import { why, whyLost } from './why'
import { outcomeTree } from './why.fixture'

function send(tree: Tree, kind: string, payload: unknown): void {
  fold(tree, { seq: tree.seq + 1, kind, at: '', payload })
}

const say = (tree: Tree, index: number) => why(tree, tree.nodes[index] as never)

describe('why', () => {
  it('tells rank, score and cut of what a beam pruned', () => {
    const tree = outcomeTree()
    send(tree, 'pruned', { rule: 'beam', cutoff: 0.55, of: 16, nodes: [{ node: 1, score: 0.41, rank: 9 }] })
    expect(say(tree, 1)).toBe('Pruned by beam: rank 9 of 16, score 0.41 below the cut 0.55.')
  })

  it('gives close numbers the digits that tell them apart', () => {
    const tree = outcomeTree()
    send(tree, 'pruned', { rule: 'beam', cutoff: 0.55, of: 4, nodes: [{ node: 1, score: 0.5496, rank: 3 }] })
    expect(say(tree, 1)).toBe('Pruned by beam: rank 3 of 4, score 0.5496 below the cut 0.5500.')
  })

  it('tells what a score was made of', () => {
    const tree = outcomeTree()
    const nodes = [{ node: 1, score: 0.7, rank: 1, terms: { g: 0.25, h: 0.45, open: 12, none: null } }]
    send(tree, 'selected', { rule: 'a_star', cutoff: null, of: 12, nodes })
    expect(say(tree, 1)).toBe('Kept by A*: rank 1 of 12, score 0.70; g 0.25, h 0.45, open 12.')
    const lost = [{ node: 2, score: 0.27, rank: null, terms: { share: 0.0909, width: 0 } }]
    send(tree, 'pruned', { rule: 'rebase', cutoff: 0.5, of: 4, nodes: lost })
    expect(say(tree, 2)).toBe('Pruned by REBASE: score 0.27 below the cut 0.50; share 0.09, width 0.')
  })

  it('names what a text violates, and the draws that took a step', () => {
    const tree = outcomeTree()
    const nodes = [{ node: 1, score: 0, rank: null, terms: { violates: 'forbidden', at: 7 } }]
    send(tree, 'pruned', { rule: 'constraint', cutoff: 1, of: 1, nodes })
    expect(say(tree, 1)).toBe('Pruned by the constraint: score 0.00 below the cut 1.00; violates forbidden, at 7.')
    const taken = [{ node: 2, score: 0.5, rank: 2, terms: { wider: 0.25, deeper: 0.75 } }]
    const other = outcomeTree()
    send(other, 'selected', { rule: 'thompson', cutoff: null, of: 3, nodes: taken })
    expect(say(other, 2)).toBe('Kept by Thompson sampling: rank 2 of 3, score 0.50; wider 0.25, deeper 0.75.')
  })

  it('says that ties go to the earlier step', () => {
    const tree = outcomeTree()
    send(tree, 'pruned', { rule: 'beam', cutoff: 0.5, of: 4, nodes: [{ node: 1, score: 0.5, rank: 3 }] })
    expect(say(tree, 1)).toBe(
      'Pruned by beam: rank 3 of 4, score 0.50 equal to the cut, and ties go to the earlier step.',
    )
  })

  it('names the person who pruned', () => {
    const tree = outcomeTree()
    send(tree, 'scored', { source: 'prm', scores: [[1, 0.9]], drives: true })
    send(tree, 'pruned', {
      rule: 'human',
      cutoff: null,
      of: null,
      nodes: [{ node: 1, score: null, rank: null }],
      by: 'ada',
    })
    expect(say(tree, 1)).toBe('Pruned by ada: nothing more is spent below it, though it scored 0.90.')
    expect(say(tree, 2)).toBe('Below a pruned step (node 1): nothing more is spent here.')
  })

  it('tells weight and effective sample size of a particle that drew no offspring', () => {
    const tree = outcomeTree()
    const particles = [
      { node: 1, weight: 0.012, offspring: 0 },
      { node: 2, weight: 0.988, offspring: 2 },
    ]
    send(tree, 'resampled', { step: 1, scheme: 'systematic', temperature: 1, resampled: true, ess: 1.024, particles })
    expect(say(tree, 1)).toBe(
      'Resampled away (systematic): weight 0.012 drew no offspring; effective sample size 1.0 of 2.',
    )
  })

  it('adds up value and exploration of a UCT choice', () => {
    const tree = outcomeTree()
    const steps = [{ node: 1, q: 0.61, u: 0.22, n: 7, prior: null }]
    send(tree, 'selected', {
      rule: 'uct',
      cutoff: null,
      of: 3,
      nodes: [{ node: 1, score: 0.83, rank: 1 }],
      detail: { steps },
    })
    expect(say(tree, 1)).toBe('Taken by UCT: value 0.61 + exploration 0.22 = 0.83, after 7 visits.')
  })

  it('gives the prior of a PUCT choice', () => {
    const tree = outcomeTree()
    const steps = [{ node: 1, q: 0.5, u: 0.1, n: 1, prior: 0.25 }]
    send(tree, 'selected', {
      rule: 'puct',
      cutoff: null,
      of: 3,
      nodes: [{ node: 1, score: 0.6, rank: 1 }],
      detail: { steps },
    })
    expect(say(tree, 1)).toBe('Taken by PUCT: value 0.50 + exploration 0.10 = 0.60, after 1 visit, prior 0.25.')
  })

  it('tells the answer of the chosen end', () => {
    const tree = outcomeTree()
    send(tree, 'answer', { node: 3, answer: '24', canonical: '24', correct: true })
    const finished = {
      stopped_by: 'completed',
      node: 3,
      answer: '24',
      correct: true,
      path: [0, 1, 2, 3],
      rule: 'beam',
      revision: 0,
    }
    send(tree, 'finished', finished)
    expect(say(tree, 3)).toBe('Chosen by beam. The answer is 24. It is correct.')
    expect(say(tree, 1)).toBe('On the chosen path. Expanded: 1 next step tried.')
  })

  it('does not call a step that ran out of room an answer', () => {
    const tree = outcomeTree()
    expect(say(tree, 4)).toBe('Stopped at the step’s token cap: no answer is read from it.')
  })

  it('says below which step the last correct path was lost', () => {
    const tree = emptyTree()
    const rest = { kind: 'step', key: '', text: '', tokens: 1, logprob: null, prior: null }
    send(tree, 'node_added', { index: 0, parents: [], depth: 0, finish: null, ...rest })
    send(tree, 'verified', { nodes: [[0, true]] })
    send(tree, 'node_added', { index: 1, parents: [0], depth: 1, finish: 'step', ...rest })
    send(tree, 'verified', { nodes: [[1, false]] })
    expect(whyLost(tree)).toBe(
      'The last correct path was lost below node 0: its only next step cannot reach a right answer.',
    )
  })

  it('says nothing of lost paths where none is lost', () => {
    expect(whyLost(emptyTree())).toBeNull()
  })
})
