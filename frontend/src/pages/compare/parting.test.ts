/** The sentence about where two runs part, and the rows of their settings. */

import { describe, expect, it } from 'vitest'
import type { Run } from '../../api/types'
import { partingSentence } from './parting'
import { settingsOf } from './settings'

describe('partingSentence', () => {
  it('says what each did', () => {
    const parting = {
      nodes: 6,
      left: { seq: 9, kind: 'pruned', node: 3 },
      right: { seq: 8, kind: 'selected', node: 4 },
    }
    expect(partingSentence(parting, 1, 3)).toBe(
      'After 5 steps alike, run 1 pruned (node 3) and run 3 selected (node 4).',
    )
    expect(partingSentence({ nodes: 1, left: null, right: { seq: 2, kind: 'node_added', node: 1 } }, 1, 2)).toBe(
      'From the problem on, run 1 had ended and run 2 added another step (node 1).',
    )
    expect(partingSentence(null, 1, 2)).toBe('Run 2 did the same as run 1, to the end.')
  })

  it('names an event of a kind it does not know', () => {
    const parting = { nodes: 2, left: { seq: 3, kind: 'grafted_twice', node: null }, right: null }
    expect(partingSentence(parting, 1, 2)).toContain('run 1 grafted twice and')
  })
})

describe('settingsOf', () => {
  const run = (algorithm: string, params: object, seed: number) =>
    ({
      algorithm,
      params,
      policy: 'embedded',
      reward: null,
      sampling: {},
      budget: { tokens: 10 },
      seed,
    }) as unknown as Run

  it('puts what differs first, and shows what only one run has', () => {
    const rows = settingsOf([run('beam', { width: 4 }, 1), run('greedy', {}, 1)])
    expect(rows.filter((row) => row.differs)).toEqual([
      { name: 'strategy', values: ['beam', 'greedy'], differs: true },
      { name: 'width', values: ['4', '–'], differs: true },
    ])
    expect(rows.map((row) => row.name)).toEqual(['strategy', 'width', 'policy', 'reward', 'budget: tokens', 'seed'])
  })
})
