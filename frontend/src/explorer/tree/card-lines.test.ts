/** A card's words: what of a step stands on it, and where, until there is no more room. */

import { describe, expect, it } from 'vitest'
import { baselineOf, flowParts, type Known, layParts, lineParts } from './card-lines'
import type { Formula } from './formula'

const formula = (width: number, ascent = 0.7, descent = 0.2): Formula => ({
  width,
  ascent,
  descent,
  letters: [],
  bars: [],
  shapes: [],
})
/** Every letter is 6 wide. */
const measure = (text: string) => 6 * text.length
const lay = (text: string, known: Known, width: number, lines = 1) =>
  layParts(flowParts(text), known, { width, lines, size: 10 }, measure)

describe('lineParts', () => {
  it('is for lines with formulas only', () => {
    expect(lineParts('11 - 5 = 6')).toBeNull()
    expect(lineParts('no mathematics here\nbut $x^2$ there')).toBeNull()
  })

  it('ends with the line, and takes a formula over several lines whole', () => {
    expect(lineParts('so $x^2$\nand more')?.map(({ text }) => text)).toEqual(['so ', 'x^2'])
    expect(lineParts('\n\\[\nx = 2\n\\]\nhence')?.map(({ text }) => text)).toEqual(['\nx = 2\n'])
  })
})

describe('layParts', () => {
  it('puts words and formulas beside each other', () => {
    expect(lay('so $x^2$ is', () => formula(2), 200)).toMatchObject([
      { x: 0, text: 'so ' },
      { x: 18, em: expect.closeTo(11.4), drop: 0, room: expect.closeTo(22.8) },
      { x: expect.closeTo(40.8), text: ' is' },
    ])
  })

  it('shows what cannot be read as it was written', () => {
    expect(lay('so $\\frac{1}{$', () => null, 200)).toEqual([{ line: 0, x: 0, text: 'so $\\frac{1}{$' }])
  })

  it('waits for what would be seen, and asks for no more', () => {
    const asked: string[] = []
    const known = (source: string) => {
      asked.push(source)
      return undefined
    }
    expect(lay('a $x_1$ then $x_2$ and a long way to go $x_3$', known, 120)).toBeNull()
    expect(asked).toEqual(['x_1', 'x_2'])
  })

  it('cuts words and formulas where the room ends, and says so', () => {
    expect(lay('abcdefgh $x^2$', () => formula(9), 40)).toEqual([{ line: 0, x: 0, text: 'abcde…' }])
    expect(lay('ab $x^2$ c', () => formula(9), 60)).toMatchObject([
      { x: 0, text: 'ab ' },
      { x: 18, room: 36 },
      { x: 54, text: '…' },
    ])
  })

  it('breaks lines between words, and a word only where it is longer than a line', () => {
    expect(lay('so it is\nmore than enough', () => null, 60, 3)).toEqual([
      { line: 0, x: 0, text: 'so it is' },
      { line: 1, x: 0, text: 'more than' },
      { line: 2, x: 0, text: 'enough' },
    ])
    expect(lay('abcdefghijklmno $x^2$ and', () => formula(4), 60, 2)).toMatchObject([
      { line: 0, text: 'abcdefghij' },
      { line: 1, x: 0, text: 'klmno ' },
      { line: 1, x: 36, room: 18 },
      { line: 1, x: 54, text: '…' },
    ])
    expect(lay('twelve is $x^2$', () => formula(4), 60, 2)).toMatchObject([
      { line: 0, text: 'twelve is ' },
      { line: 1, x: 0, room: expect.closeTo(45.6) },
    ])
  })

  it('keeps a tall formula on its card', () => {
    const [tall] = lay('$x^2$', () => formula(1, 3, 1), 200) ?? []
    expect(lay('$x^2$', () => formula(1, 3, 1), 200, 3)).toEqual([tall])
    // 20.5 pixels are free from 2 below the card's upper edge on: 3 of 4 em of them above the baseline.
    expect(tall).toMatchObject({ em: 20.5 / 4 })
    expect(baselineOf(10) + (tall as { drop: number }).drop).toBeCloseTo(-11 + (3 * 20.5) / 4)
  })
})
