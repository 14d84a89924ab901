/** The JSON schema of a strategy's parameters, as Pydantic writes it, read into fields a form can draw. */
export interface PropertySchema {
  type?: string
  title?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  const?: unknown
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  multipleOf?: number
  anyOf?: PropertySchema[]
  $ref?: string
  unit?: string
  format?: string
}

export interface ParamsSchema {
  properties?: Record<string, PropertySchema>
  required?: string[]
  $defs?: Record<string, PropertySchema>
}

export type FieldKind = 'integer' | 'number' | 'choice' | 'boolean' | 'text' | 'lines' | 'json'

export interface ParamField {
  name: string
  title: string
  description: string
  kind: FieldKind
  default: unknown
  nullable: boolean
  /** Inclusive bounds; exclusive ones are moved inwards by one step for integers and shown as they are for reals. */
  min: number | null
  max: number | null
  exclusive: { min: boolean; max: boolean }
  step: number
  choices: unknown[]
  unit: string
}

/** `ess_threshold` → `Ess threshold`; Pydantic's own titles shout every word. */
export function titleOf(name: string): string {
  const words = name.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function resolve(property: PropertySchema, schema: ParamsSchema): { property: PropertySchema; nullable: boolean } {
  let nullable = false
  let found = property
  if (found.anyOf) {
    nullable = found.anyOf.some((option) => option.type === 'null')
    const option = found.anyOf.find((candidate) => candidate.type !== 'null')
    found = { ...option, ...found }
    delete found.anyOf
  }
  if (found.$ref) found = { ...schema.$defs?.[found.$ref.split('/').at(-1) ?? ''], ...found }
  return { property: found, nullable }
}

function kindOf(property: PropertySchema): FieldKind {
  if (property.enum || property.const !== undefined) return 'choice'
  if (property.type === 'integer' || property.type === 'number' || property.type === 'boolean') return property.type
  if (property.format === 'json') return 'json'
  return property.format === 'multiline' ? 'lines' : 'text'
}

/** A list as JSON with an entry a line, so that it can be read and edited; anything else as it is. */
export function onLines(text: unknown): unknown {
  try {
    const list: unknown = JSON.parse(String(text))
    if (!Array.isArray(list) || !list.length) return text
    return `[\n${list.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]`
  } catch {
    return text
  }
}

/** A slider and the arrow keys move in steps a person would choose: 1 for counts, a hundredth or a tenth of the range. */
function stepOf(property: PropertySchema, kind: FieldKind, min: number | null, max: number | null): number {
  if (property.multipleOf) return property.multipleOf
  if (kind === 'integer') return 1
  if (min !== null && max !== null && max - min <= 2) return 0.05
  return 0.1
}

/** The fields of a strategy's parameters, in the order its author wrote them. */
export function fieldsOf(schema: ParamsSchema): ParamField[] {
  return Object.entries(schema.properties ?? {}).map(([name, raw]) => {
    const { property, nullable } = resolve(raw, schema)
    const kind = kindOf(property)
    const inwards = kind === 'integer' ? 1 : 0
    const min =
      property.minimum ?? (property.exclusiveMinimum === undefined ? null : property.exclusiveMinimum + inwards)
    const max =
      property.maximum ?? (property.exclusiveMaximum === undefined ? null : property.exclusiveMaximum - inwards)
    return {
      name,
      title: titleOf(name),
      description: property.description ?? '',
      kind,
      default: kind === 'json' ? onLines(property.default) : (property.default ?? null),
      nullable,
      min,
      max,
      exclusive: {
        min: kind === 'number' && property.exclusiveMinimum !== undefined,
        max: kind === 'number' && property.exclusiveMaximum !== undefined,
      },
      step: stepOf(property, kind, min, max),
      choices: property.enum ?? (property.const === undefined ? [] : [property.const]),
      unit: property.unit ?? '',
    }
  })
}

/** The range in words: `1 to 64 tokens`, `more than 0`, `at most 1`. */
export function rangeOf(field: ParamField): string {
  const { min, max, exclusive } = field
  const unit = field.unit ? ` ${field.unit}` : ''
  if (min !== null && max !== null && !exclusive.min && !exclusive.max) return `${min} to ${max}${unit}`
  const parts: string[] = []
  if (min !== null) parts.push(`${exclusive.min ? 'more than' : 'at least'} ${min}`)
  if (max !== null) parts.push(`${exclusive.max ? 'less than' : 'at most'} ${max}`)
  return parts.length ? parts.join(', ') + unit : field.unit
}

/** What is wrong with a value before the server is asked, or null. */
export function mistakeIn(field: ParamField, value: unknown): string | null {
  if (value === null || value === undefined || value === '') return field.nullable ? null : 'Needs a value.'
  if (field.kind === 'integer' || field.kind === 'number') {
    if (typeof value !== 'number' || Number.isNaN(value)) return 'Needs a number.'
    if (field.kind === 'integer' && !Number.isInteger(value)) return 'Needs a whole number.'
    const low = field.min !== null && (value < field.min || (field.exclusive.min && value === field.min))
    const high = field.max !== null && (value > field.max || (field.exclusive.max && value === field.max))
    if (low || high) return `Must be ${rangeOf(field)}.`
  }
  if (field.kind === 'json') {
    try {
      JSON.parse(String(value))
    } catch (thrown) {
      return `Not JSON: ${(thrown as Error).message}`
    }
  }
  return null
}

/** The values a form starts with. */
export function defaultsOf(fields: ParamField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, field.default]))
}

/** Wide ranges slide by ratio, not by difference: from 1 to 256 the small numbers need the room. */
const WIDE = 50

function slidesByRatio(field: ParamField): boolean {
  return field.min !== null && field.max !== null && field.min >= 0 && field.max - field.min >= WIDE
}

/** Where a value stands on its slider, from 0 to 1. */
export function shareOf(field: ParamField, value: number): number {
  const low = field.min ?? 0
  const range = (field.max ?? 0) - low
  const inside = Math.min(Math.max(value - low, 0), range)
  if (slidesByRatio(field)) return Math.log1p(inside) / Math.log1p(range)
  return range ? inside / range : 0
}

/** The value at a place on the slider, rounded to what the field counts in. */
export function valueAt(field: ParamField, share: number): number {
  const low = field.min ?? 0
  const range = (field.max ?? 0) - low
  const raw = low + (slidesByRatio(field) ? Math.expm1(share * Math.log1p(range)) : share * range)
  return Number((Math.round(raw / field.step) * field.step).toFixed(6))
}
