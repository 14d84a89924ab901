/** Rollouts of a node outside its run, as `GET /runs/{id}/nodes/{index}/rollouts` lists them. */

export interface Rollout {
  id: string
  k: number
  state: 'queued' | 'running' | 'completed' | 'failed'
  error: string | null
  result: {
    right: number | null
    share: number | null
    interval: [number, number] | null
    tokens: number
    completions: { steps: string[]; finished: boolean; answer: string | null; correct: boolean | null }[]
  } | null
}

/** `5 of 16 came right, 31 % (14–56 %); 340 tokens`. */
export function verdictOf({ k, result }: Rollout): string {
  if (!result) return ''
  const { right, share, interval, tokens, completions } = result
  if (right === null || share === null || !interval) {
    const ended = completions.filter((completion) => completion.finished).length
    return `${ended} of ${k} came to an end, nobody knows what is right; ${tokens} tokens`
  }
  const [low, high] = interval.map((bound) => Math.round(100 * bound))
  return `${right} of ${k} came right, ${Math.round(100 * share)} % (${low}–${high} %); ${tokens} tokens`
}
