/** Several runs started at once: every chosen strategy with every seed. */

import type { Algorithm } from '../../api/types'
import { type Draft, requestOf } from './draft'
import { defaultsOf, fieldsOf } from './schema'

/** More than this at once is the work of `python -m search bench`. */
export const MOST_AT_ONCE = 36
const LARGEST_SEED = 2 ** 31

/** The strategies that are started: the one in the form, and those added to it. */
export function chosenOf(draft: Draft, algorithms: readonly Algorithm[]): Algorithm[] {
  const names = new Set([draft.algorithm, ...draft.also])
  return algorithms.filter((algorithm) => names.has(algorithm.name))
}

/**
 * A request per strategy and seed. Without a seed of the person's own, one is drawn (`random` in [0, 1)) and counted up from,
 * so that all strategies get the same ones and can be compared pair by pair.
 */
export function requestsOf(
  draft: Draft,
  algorithms: readonly Algorithm[],
  random: () => number = Math.random,
): Record<string, unknown>[] {
  const chosen = chosenOf(draft, algorithms)
  if (chosen.length * draft.seeds === 1) return [requestOf(draft, draft.params[draft.algorithm] ?? {})]
  const first = draft.seed ?? Math.floor(random() * (LARGEST_SEED - MOST_AT_ONCE))
  return chosen.flatMap((algorithm) => {
    const params = { ...defaultsOf(fieldsOf(algorithm.params)), ...draft.params[algorithm.name] }
    return Array.from({ length: draft.seeds }, (_, i) =>
      requestOf({ ...draft, algorithm: algorithm.name, seed: first + i }, params),
    )
  })
}
