import { expect, it } from 'vitest'
import { agreement, coverageOf, type Selections, support, type Verdict } from './selections'

const verdict = (given: Partial<Verdict>): Verdict => ({
  rule: 'majority',
  title: 'Majority vote',
  node: 3,
  answer: '24',
  correct: true,
  count: 2,
  score: null,
  share: null,
  refused: null,
  ...given,
})

it('counts the rules that agree and those that would be right, without those that cannot tell', () => {
  const verdicts = [
    verdict({}),
    verdict({ answer: '25', correct: false }),
    verdict({ refused: 'no reward', answer: null, correct: null }),
  ]
  expect(agreement({ verdicts } as Selections, '24')).toBe(
    '1 of 2 rules gives the run’s answer; 1 of 2 would be right.',
  )
  expect(agreement({ verdicts: [verdict({ correct: null })] } as Selections, '25')).toBe(
    '0 of 1 rules give the run’s answer.',
  )
})

it('says support as a share, else as a number', () => {
  expect(support(verdict({ share: 0.625 }))).toBe('63 %')
  expect(support(verdict({ score: 0.12345 }))).toBe('0.123')
  expect(support(verdict({}))).toBe('–')
})

it('shows coverage at powers of two and at the end', () => {
  expect(
    coverageOf([
      [1, 0.25],
      [2, 0.4],
      [3, 0.5],
      [4, 0.55],
      [5, 0.6],
    ]),
  ).toBe('The most any rule could reach (pass@k of these paths): 25 % with 1, 40 % with 2, 55 % with 4, 60 % with 5.')
})
