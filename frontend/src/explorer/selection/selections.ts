/** What `GET /runs/{id}/selections` answers, and how it is said. */

export interface Verdict {
  rule: string
  title: string
  node: number | null
  answer: string | null
  correct: boolean | null
  count: number | null
  score: number | null
  share: number | null
  refused: string | null
}

export interface Selections {
  paths: number
  judged: number
  right: number
  verdicts: Verdict[]
  coverage: [number, number][]
  as_of_seq: number
}

/** `5 of 7 rules give the run's answer, 3 of 7 are right.` */
export function agreement({ verdicts }: Selections, answer: string | null): string {
  const telling = verdicts.filter((verdict) => verdict.refused === null)
  const same = telling.filter((verdict) => verdict.answer === answer).length
  const judged = telling.filter((verdict) => verdict.correct !== null)
  const right = judged.filter((verdict) => verdict.correct).length
  const agree = `${same} of ${telling.length} rules ${same === 1 ? 'gives' : 'give'} the run’s answer`
  return judged.length ? `${agree}; ${right} of ${judged.length} would be right.` : `${agree}.`
}

/** The answer's share of all weight, else the chosen path's own number. */
export function support({ share, score }: Verdict): string {
  if (share !== null) return `${Math.round(100 * share)} %`
  return score === null ? '–' : score.toFixed(3)
}

/** What no rule can beat, at a few sizes of the pool. */
export function coverageOf(coverage: [number, number][]): string {
  const shown = coverage.filter(([k], place) => place === coverage.length - 1 || (k & (k - 1)) === 0)
  const parts = shown.map(([k, share]) => `${Math.round(100 * share)} % with ${k}`)
  return `The most any rule could reach (pass@k of these paths): ${parts.join(', ')}.`
}
