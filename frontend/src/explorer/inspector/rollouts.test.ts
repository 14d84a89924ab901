import { expect, it } from 'vitest'
import { type Rollout, verdictOf } from './rollouts'

it('says the share with its interval, or that nobody knows', () => {
  const result = {
    right: 5,
    share: 0.3125,
    interval: [0.1416, 0.556] as [number, number],
    tokens: 340,
    completions: [],
  }
  const rollout: Rollout = { id: 'x', k: 16, state: 'completed', error: null, result }
  expect(verdictOf(rollout)).toBe('5 of 16 came right, 31 % (14–56 %); 340 tokens')
  const completion = { steps: [], finished: true, answer: null, correct: null }
  const unknown = { ...result, right: null, share: null, interval: null, completions: [completion] }
  expect(verdictOf({ ...rollout, result: unknown })).toBe(
    '1 of 16 came to an end, nobody knows what is right; 340 tokens',
  )
})
