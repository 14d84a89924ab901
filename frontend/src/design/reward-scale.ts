/**
 * The one colour scale of rewards: blue for 0, grey between, gold for 1. A straight line in OKLab, so equal steps of reward
 * look equally far apart, and blue to gold stays readable with every common colour blindness.
 * Björn Ottosson, "A perceptual color space for image processing" (OKLab).
 */
type Triple = readonly [number, number, number]

// OKLab lightness, a, b of the two ends (lightness 0.45 to 0.86, hue 262° to 94°).
const LOW: Triple = [0.45, -0.0173966, -0.1237835]
const HIGH: Triple = [0.86, -0.0115098, 0.1645981]
const STEPS = 256

function encode(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear))
  return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055))
}

/** sRGB bytes of an OKLab colour. */
export function fromOklab([lightness, a, b]: Triple): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}

function hex(bytes: Triple): string {
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function mix(share: number): Triple {
  return [0, 1, 2].map((axis) => LOW[axis]! + share * (HIGH[axis]! - LOW[axis]!)) as unknown as Triple
}

const TABLE = Array.from({ length: STEPS }, (_, step) => hex(fromOklab(mix(step / (STEPS - 1)))))

/** The colour of a reward in [0, 1] as #rrggbb; values outside are clipped, null and NaN have no colour. */
export function rewardColor(reward: number | null | undefined): string | null {
  if (reward === null || reward === undefined || Number.isNaN(reward)) return null
  const step = Math.round(Math.min(1, Math.max(0, reward)) * (STEPS - 1))
  return TABLE[step]!
}
