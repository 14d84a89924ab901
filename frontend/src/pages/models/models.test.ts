import { expect, it } from 'vitest'
import { health, type ModelDetail, pairs, stepsOf, usage, visible } from './models'

const model = (given: Partial<ModelDetail>) =>
  ({ trouble: null, last_trial: null, runs: 0, under_way: 0, last_run_at: null, ...given }) as ModelDetail

it('shows whitespace that ends a step', () => {
  expect(visible('\n\n')).toBe('⏎⏎')
  expect(visible(' Step 1: ')).toBe('␣Step 1:␣')
})

it('says whether a model is in order, the file before the last trial', () => {
  const at = new Date().toISOString()
  expect(health(model({})).word).toBe('not tried yet')
  expect(health(model({ last_trial: { state: 'completed', at } }))).toEqual({
    mark: 'completed',
    word: 'worked when tried just now',
  })
  expect(health(model({ last_trial: { state: 'failed', at } })).mark).toBe('failed')
  expect(health(model({ trouble: 'no folder', last_trial: { state: 'completed', at } })).word).toBe('not in order')
})

it('says who uses it', () => {
  expect(usage(model({}))).toBe('no run of yours names it yet')
  expect(usage(model({ runs: 12, under_way: 2, last_run_at: new Date().toISOString() }))).toBe(
    '12 runs, 2 under way, the newest just now',
  )
})

it('leaves out what a template does not set', () => {
  expect(pairs({ name: 'plain', hint: null, between: '', step_end: '\n', begin: true })).toEqual([
    ['name', 'plain'],
    ['step_end', '⏎'],
    ['begin', 'true'],
  ])
  expect(stepsOf('11 - 5 = 6\n\n 6 * 4 = 24 ')).toEqual(['11 - 5 = 6', '6 * 4 = 24'])
})
