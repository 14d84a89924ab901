import { beforeEach, expect, it } from 'vitest'
import { freshDraft, loadDraft, requestOf, saveDraft, titleFor } from './draft'

beforeEach(() => localStorage.clear())

it('remembers, and fills in what an older draft did not know', () => {
  saveDraft({ ...freshDraft(), problem: '3 5 7 11 -> 24', seed: 7 })
  expect(loadDraft()).toMatchObject({ problem: '3 5 7 11 -> 24', seed: 7 })
  localStorage.setItem('espalier.new-run', '{"budget":{"tokens":5}}')
  expect(loadDraft().budget).toEqual({ ...freshDraft().budget, tokens: 5 })
  localStorage.setItem('espalier.new-run', 'not json')
  expect(loadDraft()).toEqual(freshDraft())
})

it('sends only what was filled in', () => {
  const body = requestOf({ ...freshDraft(), problem: ' 1 2 -> 3\n' }, { width: 4 })
  expect(body).toEqual({
    problem: { text: '1 2 -> 3' },
    algorithm: 'beam',
    params: { width: 4 },
    sampling: {},
    budget: { tokens: 8000, seconds: 120 },
  })
  expect(requestOf({ ...freshDraft(), answer: ' 24 ', seed: 0 }, {})).toMatchObject({
    problem: { answer: '24' },
    seed: 0,
  })
})

it('titles a session by the problem’s first line', () => {
  expect(titleFor('3 5 7 11 -> 24\nUse each number once.')).toBe('3 5 7 11 -> 24')
  expect(titleFor('x'.repeat(100))).toHaveLength(80)
})
