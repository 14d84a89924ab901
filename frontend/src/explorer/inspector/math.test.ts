/** Which parts of a text are formulas. */

import { expect, it } from 'vitest'
import { mayHoldMath, splitMath } from './math'

const formulas = (text: string) =>
  splitMath(text)
    .filter((part) => part.math)
    .map((part) => part.text)

it('finds inline and displayed formulas', () => {
  expect(formulas('so $x^2 = 4$ and \\(y_1\\), hence $$x = 2$$ or \\[y\\]')).toEqual(['x^2 = 4', 'y_1', 'x = 2', 'y'])
})

it('leaves money and lone dollar signs alone', () => {
  expect(formulas('it costs $5 or $6, or $ 7 $')).toEqual([])
  expect(formulas('for $5 you get $x^2$ of them')).toEqual(['x^2'])
})

it('loses no character', () => {
  const text = 'a $x^2$ b <script>alert(1)</script> $$y$$'
  expect(
    splitMath(text)
      .map((part) => part.text)
      .join(''),
  ).toBe('a x^2 b <script>alert(1)</script> y')
  expect(
    splitMath(text)
      .map((part) => part.written)
      .join(''),
  ).toBe(text)
})

it('tells quickly that a text holds none', () => {
  expect(mayHoldMath('11 - 5 = 6 (left: 3 6 7)')).toBe(false)
  expect(['so $x$', '\\(x\\)', '\\[x\\]'].every(mayHoldMath)).toBe(true)
})
