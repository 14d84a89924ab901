import { beforeEach, expect, it } from 'vitest'
import {
  budgetsOf,
  freshDraft,
  freshSet,
  loadDraft,
  numbersOf,
  requestOf,
  runsOf,
  saveDraft,
  setNames,
  splitOf,
  strategyNames,
} from './plan'

const DEFAULTS = { beam: { width: 4, proposals: 4 }, best_of_n: { n: 8 } }

beforeEach(() => localStorage.clear())

it('names strategies by what was changed, each once', () => {
  const strategies = [
    { algorithm: 'beam', params: { width: 4, proposals: 4 } },
    { algorithm: 'beam', params: { width: 8, proposals: 4 } },
    { algorithm: 'beam', params: {} },
    { algorithm: 'best_of_n', params: { n: 0.5 } },
  ]
  expect(strategyNames(strategies, DEFAULTS)).toEqual(['beam', 'beam width=8', 'beam (2)', 'best_of_n n=0.5'])
})

it('names sets so that the server takes them', () => {
  const file = { name: 'GSM8K, tëst.jsonl', lines: '', count: 1 }
  const sets = [freshSet(), { ...freshSet('arithmetic'), seed: 3 }, freshSet('game24'), { ...freshSet('file'), file }]
  expect(setNames(sets)).toEqual(['countdown 5', 'arithmetic 5 seed 3', 'game of 24', 'GSM8K t st'])
})

it('reads lists of numbers', () => {
  expect(numbersOf('500, 1000 2000,500')).toEqual([500, 1000, 2000])
  expect(numbersOf('a few')).toBeNull()
  expect(budgetsOf({ tokens: '500 1000', reward_calls: '64' })).toEqual([
    { tokens: 500 },
    { tokens: 1000 },
    { reward_calls: 64 },
  ])
})

it('counts the runs and sends only the lines it needs', () => {
  const file = { name: 'mine.jsonl', lines: 'one\n\ntwo\nthree\n', count: 3 }
  const draft = {
    ...freshDraft(),
    sets: [
      { ...freshSet(), problems: 10 },
      { ...freshSet('file'), problems: 2, file },
    ],
    tokens: '500 1000',
    seeds: '1 2',
  }
  expect(runsOf(draft)).toBe(12 * 2 * 2 * 2)
  const body = requestOf(draft, DEFAULTS) as { sets: unknown[]; split: string; title: string; seeds: number[] }
  expect(body.sets).toEqual([
    { name: 'countdown 5', domain: 'countdown', size: 5, problems: 10 },
    { name: 'mine', lines: 'one\ntwo', problems: 2 },
  ])
  expect(body).toMatchObject({ split: 'dev', seeds: [1, 2], title: 'best_of_n, beam on countdown 5, mine' })
})

it('takes the test split where Game of 24 is asked for', () => {
  expect(splitOf({ ...freshDraft(), sets: [freshSet(), freshSet('game24')] })).toBe('test')
})

it('remembers all but the files', () => {
  saveDraft({
    ...freshDraft(),
    tokens: '77',
    sets: [{ ...freshSet('file'), file: { name: 'a', lines: 'b', count: 1 } }],
  })
  expect(loadDraft()).toMatchObject({ tokens: '77', sets: [{ source: 'file', file: null }] })
})
