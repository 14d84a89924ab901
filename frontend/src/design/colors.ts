/** The design's colours as numbers and strings, for what is drawn on a canvas and cannot use CSS variables. */
const NAMES = [
  'paper',
  'surface',
  'sunken',
  'ink',
  'ink-soft',
  'ink-faint',
  'hairline',
  'hairline-strong',
  'accent',
  'accent-strong',
  'accent-wash',
  'running',
  'paused',
  'failed',
  'correct',
  'wrong',
] as const

export type ColorName = (typeof NAMES)[number]
export type Colors = Readonly<Record<ColorName, string>>

/** The colours of the theme drawn now; read them again when `onThemeChange` calls. */
export function readColors(): Colors {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colors
}
