import { expect, it } from 'vitest'
import { ago, clock, compact, counted } from './numbers'

it('shortens counts', () => {
  expect([0, 7, 999, 1000, 3140, 99_960, 123_456, 2_500_000].map(compact)).toEqual([
    '0',
    '7',
    '999',
    '1k',
    '3.1k',
    '100k',
    '123k',
    '2.5M',
  ])
})

it('writes durations as a clock', () => {
  expect([0, 14.9, 74, 3671].map(clock)).toEqual(['00:00', '00:14', '01:14', '1:01:11'])
})

it('counts with the right word', () => {
  expect([counted(1, 'run'), counted(0, 'run'), counted(1200, 'run')]).toEqual(['1 run', '0 runs', '1,200 runs'])
})

it('tells how long ago', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const told = ['2026-11-21T11:59:40Z', '2026-11-21T11:57:00Z', '2026-11-20T12:00:00Z', '2026-12-21T00:00:00Z']
  expect(told.map((moment) => ago(moment, now))).toEqual(['just now', '3 minutes ago', 'yesterday', 'in 30 days'])
})
