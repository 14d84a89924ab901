import { describe, expect, it } from 'vitest'
import { StepClock } from './step-clock'

describe('seconds per step', () => {
  it('adds up the looks at each step and leaves out the time away', () => {
    let now = 100
    const clock = new StepClock(() => now)
    clock.look(1)
    now = 104
    clock.look(2)
    now = 105.5
    clock.look(1)
    now = 106
    clock.look(null)
    now = 500
    clock.look(2)
    now = 501
    expect(clock.read()).toEqual({ seconds: 7, step_seconds: { 1: 4.5, 2: 2.5 } })
  })

  it('counts at most five minutes of one look', () => {
    let now = 0
    const clock = new StepClock(() => now)
    clock.look(7)
    now = 3600
    expect(clock.read().seconds).toBe(300)
  })
})
