/** Scores and ranks as the explorer writes them; counts and clocks are in design/numbers.ts. */

/** A score or probability with two decimals; an en dash where there is none. */
export function score(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  return value.toFixed(digits).replace('-', '−')
}

/** Two numbers with just enough digits to be told apart (2 to 6). */
export function apart(left: number, right: number): [string, string] {
  let digits = 2
  while (digits < 6 && left !== right && left.toFixed(digits) === right.toFixed(digits)) digits += 1
  return [score(left, digits), score(right, digits)]
}

/** 1st, 2nd, 3rd, 11th. */
export function ordinal(value: number): string {
  const tens = value % 100
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th')
  return `${value}${suffix}`
}
