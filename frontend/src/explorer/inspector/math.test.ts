/** Which parts of a text are formulas. */

import { expect, it } from 'vitest'
import { splitMath } from './math'

const formulas = (text: string) =>
  splitMath(text)
    .filter((part) => part.math)
    .map((part) => part.text)

it('finds inline and displayed formulas', () => {
  expect(formulas('so $x^2 = 4$ and \\(y_1\\), hence $$x = 2$$ or \\[y\\]')).toEqual(['x^2 = 4', 'y_1', 'x = 2', 'y'])
})

it('leaves money and lone dollar signs alone', () => {
  expect(formulas('it costs $5 or $6, or $ 7 $')).toEqual([])
})

it('loses no character', () => {
  const text = 'a $x^2$ b <script>alert(1)</script> $$y$$'
  expect(
    splitMath(text)
      .map((part) => part.text)
      .join(''),
  ).toBe('a x^2 b <script>alert(1)</script> y')
})
