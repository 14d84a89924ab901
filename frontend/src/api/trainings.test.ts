import { expect, test } from 'vitest'
import { bestRow, type CurveRow, heldOutWarning } from './trainings'

function row(step: number, held_out_loss: number | null): CurveRow {
  return { step, loss: null, held_out_loss, held_out_auc: null, seconds: 0 }
}

test('the best row has the lowest loss on held-out problems, the first of equals', () => {
  expect(bestRow([row(0, 0.7), row(10, 0.5), row(20, 0.5), row(30, 0.6)])?.step).toBe(10)
})

test('without held-out problems there is none', () => {
  expect(bestRow([row(0, null), row(10, null)])).toBeNull()
})

test('few held-out problems are warned of, none more so, and enough not', () => {
  expect(heldOutWarning({ problems: 90, held_out: 10 })).toBe('')
  expect(heldOutWarning({ problems: 12, held_out: 1 })).toContain('Only one problem of 12 is held out')
  expect(heldOutWarning({ problems: 40, held_out: 4 })).toContain('Only 4 problems of 40 are held out')
  expect(heldOutWarning({ problems: 3, held_out: 0 })).toContain('none is held out')
  expect(heldOutWarning({})).toBe('')
})
