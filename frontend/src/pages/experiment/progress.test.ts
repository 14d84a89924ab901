import { expect, it } from 'vitest'
import type { Experiment, Point } from '../../api/experiments'
import { budgetName, kindsOf, moves, percent, pointsOf, progressOf, titleWithin, told } from './progress'

const some = (states: Experiment['states'], shown = 0, state: Experiment['state'] = 'running') =>
  ({ states, shown, state, total: 40 }) as Experiment

it('says how far it is in one sentence', () => {
  expect(progressOf(some({ completed: 12, running: 2, queued: 20, failed: 1 }, 10))).toBe(
    '13 of 40 runs done, 2 running, 20 waiting, 1 failed, 2 still being measured',
  )
  expect(progressOf(some({ completed: 40 }, 40))).toBe('40 of 40 runs done')
})

it('waits for runs and for results, and for nothing once all is shown', () => {
  expect(moves(some({}, 0, 'preparing'))).toBe(true)
  expect(moves(some({ queued: 1, completed: 3 }, 3))).toBe(true)
  expect(moves(some({ completed: 3 }, 2, 'completed'))).toBe(true)
  expect(moves(some({ completed: 3, failed: 1 }, 3, 'completed'))).toBe(false)
})

it('writes differences in points with a true minus, and knows which are told from chance', () => {
  const difference = { one: 'a', other: 'b', budget: 'x', count: 9, value: 0.042, low: -0.01, high: 0.094 }
  expect(pointsOf(difference)).toBe('+4.2 (−1.0 to +9.4)')
  expect(told(difference)).toBe(false)
  expect(told({ ...difference, low: 0.01 })).toBe(true)
  expect(told({ ...difference, low: -0.2, high: -0.1 })).toBe(true)
  expect(percent(null)).toBe('–')
})

it('lists every kind of failure once', () => {
  const point = (failures: Point['failures']) => ({ failures }) as Point
  const found = kindsOf([
    point([{ kind: 'pruned', rule: 'beam', count: 1 }]),
    point([
      { kind: 'never generated', rule: '', count: 2 },
      { kind: 'pruned', rule: 'beam', count: 3 },
    ]),
  ])
  expect(found).toEqual([
    { kind: 'never generated', rule: '' },
    { kind: 'pruned', rule: 'beam' },
  ])
})

it('names budgets and charts in words', () => {
  expect(budgetName('tokens=1000')).toBe('1,000 tokens')
  expect(budgetName('reward_calls=64 nodes=9')).toBe('64 reward calls, 9 nodes')
  expect(budgetName('no cap')).toBe('no cap')
  expect(titleWithin('countdown 5: what a token buys', 'countdown 5')).toBe('What a token buys')
})
