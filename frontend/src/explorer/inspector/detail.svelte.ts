/** The selected node's details, fetched when it is selected: tokens, what the models saw, everybody's labels. */

import { api } from '../../api/client'
import { sentenceOf } from '../../api/problem'
import type { Estimate } from '../model/calibration'
import type { Decision } from '../model/tree'

export interface NodeDetail {
  index: number
  text: string
  rewards: Record<string, number>
  canonical: string | null
  decision: Decision | null
  token_ids: number[]
  token_texts: string[]
  token_logprobs: number[]
  /** In nats; none where the policy's engine does not see its whole distribution. */
  token_entropies: number[]
  /** `token_ids`: null where this machine does not have the policy's tokenizer. */
  saw: { prompt: string; token_ids: number[] | null; sampling: Record<string, unknown> } | null
  calibrated: Record<string, Estimate>
  reward_inputs: { source: string; text: string; scored: [offset: number, score: number | null][] }[]
  labels: { rating: number | null; by?: string | null; at?: string | null; source?: string; comment?: string }[]
}

export class DetailLoader {
  detail = $state.raw<NodeDetail | null>(null)
  trouble = $state<string | null>(null)
  private asked: AbortController | null = null
  private of: string | null = null

  /** Fetches what is known of a node; a later call takes the place of an earlier one. */
  async load(run: string, node: number): Promise<void> {
    this.asked?.abort()
    const asked = new AbortController()
    this.asked = asked
    const name = `${run}/${node}`
    if (this.of !== name) this.detail = null
    this.of = name
    try {
      // Walking through the tree by arrow keys must not ask for every node passed.
      await new Promise((resolve) => setTimeout(resolve, this.detail ? 250 : 60))
      if (asked.signal.aborted) return
      const detail = await api.get<NodeDetail>(`/runs/${run}/nodes/${node}`, undefined, asked.signal)
      if (asked.signal.aborted) return
      this.detail = detail
      this.trouble = null
    } catch (thrown) {
      if (!asked.signal.aborted) this.trouble = sentenceOf(thrown)
    }
  }
}
