/** Strategies times seeds, each with its own parameters and all with the same seeds. */

import { describe, expect, it } from 'vitest'
import type { Algorithm } from '../../api/types'
import { freshDraft } from './draft'
import { requestsOf } from './several'

const schema = (width: number) => ({ properties: { width: { type: 'integer', default: width } } })
const algorithms = [
  { name: 'beam', params: schema(4) },
  { name: 'dvts', params: schema(2) },
  { name: 'greedy', params: { properties: {} } },
] as unknown as Algorithm[]

describe('requestsOf', () => {
  it('is the one request of the form when nothing was added', () => {
    const draft = { ...freshDraft(), problem: 'p', params: { beam: { width: 7 } } }
    const [only, ...others] = requestsOf(draft, algorithms)
    expect(others).toEqual([])
    expect(only).toMatchObject({ algorithm: 'beam', params: { width: 7 } })
    expect(only).not.toHaveProperty('seed')
  })

  it('gives every strategy the same seeds and its own parameters', () => {
    const draft = { ...freshDraft(), problem: 'p', params: { beam: { width: 7 } }, also: ['dvts'], seeds: 3, seed: 5 }
    const requests = requestsOf(draft, algorithms)
    expect(requests.map(({ algorithm, seed }) => `${algorithm} ${seed}`)).toEqual([
      'beam 5',
      'beam 6',
      'beam 7',
      'dvts 5',
      'dvts 6',
      'dvts 7',
    ])
    expect(requests[0]?.params).toEqual({ width: 7 })
    expect(requests[3]?.params).toEqual({ width: 2 })
  })

  it('draws one seed for all where none was given', () => {
    const draft = { ...freshDraft(), problem: 'p', also: ['greedy'], seeds: 2 }
    const seeds = requestsOf(draft, algorithms, () => 0.5).map((request) => request.seed as number)
    expect(seeds).toEqual([seeds[0], (seeds[0] ?? 0) + 1, seeds[0], (seeds[0] ?? 0) + 1])
  })
})
