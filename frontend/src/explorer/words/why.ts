/** The sentence that says why a node is what it is: the decision in words, then the numbers that made it. */

import type { SelectionStep } from '../model/events'
import { type Decision, pathTo, type Tree, type TreeNode } from '../model/tree'
import { apart, score } from './numbers'
import { ruleTitle } from './rules'

/** Why the node was pruned, kept, resampled away or chosen; what its end means; or what it waits for. */
export function why(tree: Tree, node: TreeNode): string {
  if (node.index === 0) return 'The problem: every path starts here.'
  if (node.status === 'pruned' && node.decision) return whyGone(node, node.decision)
  if (node.status === 'selected') return whyChosen(tree, node)
  const above = prunedAbove(tree, node)
  if (above !== null) return `Below a pruned step (node ${above}): nothing more is spent here.`
  if (tree.chosen.includes(node.index)) return `On the chosen path. ${whatItIs(node)}`
  if (node.decision?.outcome === 'kept') return whyKept(node, node.decision)
  return whatItIs(node)
}

function whyGone(node: TreeNode, decision: Decision): string {
  if (decision.outcome === 'resampled') return whyResampled(decision)
  if (decision.by) return `Pruned by ${decision.by}: nothing more is spent below it${keptReward(node)}.`
  const facts = [rankFact(decision), cutFact(decision)].filter(Boolean)
  return facts.length
    ? `Pruned by ${ruleTitle(decision.rule)}: ${facts.join(', ')}${made(decision)}.`
    : `Pruned by ${ruleTitle(decision.rule)}${made(decision)}.`
}

/** What the score was made of, name by name. */
function made({ terms }: Decision): string {
  const named = Object.entries(terms ?? {}).filter(([, value]) => value !== null)
  return named.length ? `; ${named.map(([name, value]) => `${name} ${term(value)}`).join(', ')}` : ''
}

function term(value: number | string | null): string {
  return typeof value === 'number' && !Number.isInteger(value) ? score(value) : String(value).replace('-', '−')
}

function keptReward(node: TreeNode): string {
  return node.reward === null ? '' : `, though it scored ${score(node.reward)}`
}

function rankFact({ rank, of }: Decision): string {
  if (rank === null) return ''
  return of === null ? `rank ${rank}` : `rank ${rank} of ${of}`
}

function cutFact(decision: Decision): string {
  const { score: own, cutoff } = decision
  if (own === null) return ''
  if (cutoff === null) return `score ${score(own)}`
  if (own === cutoff) return `score ${score(own)} equal to the cut, and ties go to the earlier step`
  const [mine, cut] = apart(own, cutoff)
  return own < cutoff ? `score ${mine} below the cut ${cut}` : `score ${mine} above the cut ${cut}`
}

function whyResampled({ rule, score: weight, of, ess }: Decision): string {
  const left = ess === null || of === null ? '' : `; effective sample size ${ess.toFixed(1)} of ${of}`
  return `Resampled away (${ruleTitle(rule)}): weight ${score(weight, 3)} drew no offspring${left}.`
}

function whyKept(node: TreeNode, decision: Decision): string {
  if (node.selection && (decision.rule === 'uct' || decision.rule === 'puct'))
    return whySelected(decision.rule, node.selection)
  const cut = decision.cutoff === null ? '' : `, the cut was ${score(decision.cutoff)}`
  const own = decision.score === null ? '' : `score ${score(decision.score)}`
  const facts = [rankFact(decision), own].filter(Boolean).join(', ')
  return `Kept by ${ruleTitle(decision.rule)}${facts ? `: ${facts}${cut}` : ''}${made(decision)}.`
}

function whySelected(rule: string, { q, u, n, prior }: SelectionStep): string {
  if (u === null || !Number.isFinite(u))
    return `Taken by ${ruleTitle(rule)}: never visited before, and such steps go first.`
  const given = prior === null ? '' : `, prior ${score(prior)}`
  if (q === null) return `Taken by ${ruleTitle(rule)}: exploration ${score(u)}${given}, not valued yet.`
  return `Taken by ${ruleTitle(rule)}: value ${score(q)} + exploration ${score(u)} = ${score(q + u)}, after ${times(n)}${given}.`
}

function times(visits: number): string {
  return visits === 1 ? '1 visit' : `${visits} visits`
}

function whyChosen(tree: Tree, node: TreeNode): string {
  const finished = tree.finished
  const rule = finished?.rule ? ` by ${ruleTitle(finished.rule)}` : ''
  const verdict = node.correct === null ? '' : node.correct ? ' It is correct.' : ' It is wrong.'
  const answer = node.answer === null ? '' : ` The answer is ${shorten(node.answer)}.`
  return `Chosen${rule}.${answer}${verdict}`
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

const ends: Record<string, string> = {
  end: 'The solution ends here',
  length: 'Stopped at the step’s token cap: no answer is read from it.',
  budget: 'Cut short by the budget: no answer is read from it.',
  aborted: 'Stopped while it was being written: no answer is read from it.',
}

function whatItIs(node: TreeNode): string {
  if (node.finish === 'end') return `${ends.end}${verdict(node)}.`
  if (node.finish && ends[node.finish]) return ends[node.finish] as string
  if (node.kind === 'human') return `Written by ${node.by ?? 'a person'}. ${continued(node)}`
  return continued(node)
}

function verdict(node: TreeNode): string {
  if (node.answer === null) return ''
  const answer = ` with the answer ${shorten(node.answer)}`
  if (node.correct === null) return answer
  return `${answer}, which is ${node.correct ? 'correct' : 'wrong'}`
}

function continued(node: TreeNode): string {
  const tried = node.children.length
  if (node.finish === 'chunk') {
    return tried ? 'A part of a step: the rest is below.' : 'Halted in the middle of a step: it can go on from here.'
  }
  if (!tried) return 'Open: not expanded yet.'
  return `Expanded: ${tried} next ${tried === 1 ? 'step' : 'steps'} tried.`
}

function prunedAbove(tree: Tree, node: TreeNode): number | null {
  const path = pathTo(tree, node.index)
  for (const index of path.slice(0, -1)) if (tree.nodes[index]?.status === 'pruned') return index
  return null
}

/** The moment the last correct path was lost, as a sentence; null while there is one, or none was ever known. */
export function whyLost(tree: Tree): string | null {
  if (!tree.lost) return null
  const node = tree.lost.node === null ? undefined : tree.nodes[tree.lost.node]
  if (!node) return `The last correct path was lost at event ${tree.lost.seq}.`
  if (node.status !== 'pruned' || !node.decision) {
    return `The last correct path was lost below node ${node.index}: ${hopeless(node.children.length)}.`
  }
  const reason = whyGone(node, node.decision)
  return `The last correct path was lost at node ${node.index}. ${reason}`
}

function hopeless(tried: number): string {
  if (tried === 1) return 'its only next step cannot reach a right answer'
  return `none of its ${tried} next steps can still reach a right answer`
}
