/** Numbers as the pages write them. */

/** `3140` → `3.1k`; below a thousand all digits. */
export function compact(count: number): string {
  if (Math.abs(count) < 1000) return String(Math.round(count * 10) / 10)
  const [scale, letter] = Math.abs(count) < 1_000_000 ? [1000, 'k'] : [1_000_000, 'M']
  const scaled = count / (scale as number)
  return `${Math.abs(scaled) < 100 ? Math.round(scaled * 10) / 10 : Math.round(scaled)}${letter}`
}

/** `1234567` → `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** `74.2` seconds → `01:14`; hours only when there are any. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [Math.floor(whole / 60) % 60, whole % 60]
  const hours = Math.floor(whole / 3600)
  const tail = parts.map((part) => String(part).padStart(2, '0')).join(':')
  return hours ? `${hours}:${tail}` : tail
}

/** `one run`, `2 runs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${grouped(count)} ${many}`
}

const STEPS: [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [30, 'day'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** `2026-11-21T10:00:00Z` → `3 minutes ago`, `in 29 days`. */
export function ago(moment: string, now: number = Date.now()): string {
  let distance = (Date.parse(moment) - now) / 1000
  if (Math.abs(distance) < 45) return distance > 0 ? 'in a moment' : 'just now'
  for (const [size, unit] of STEPS) {
    if (Math.abs(distance) < size) return relative.format(Math.round(distance), unit)
    distance /= size
  }
  return moment
}
