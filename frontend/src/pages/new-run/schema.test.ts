import { describe, expect, it } from 'vitest'
import {
  defaultsOf,
  fieldsOf,
  mistakeIn,
  type ParamField,
  type ParamsSchema,
  rangeOf,
  shareOf,
  valueAt,
} from './schema'

// As pydantic.BaseModel.model_json_schema() writes it (pydantic 2.14).
const particles: ParamsSchema = {
  $defs: { Scheme: { enum: ['multinomial', 'systematic'], title: 'Scheme', type: 'string' } },
  properties: {
    particles: {
      default: 8,
      description: 'Particles kept.',
      maximum: 256,
      minimum: 1,
      title: 'Particles',
      type: 'integer',
    },
    temperature: { default: 1, exclusiveMinimum: 0, title: 'Temperature', type: 'number' },
    scheme: { $ref: '#/$defs/Scheme', default: 'systematic' },
    ess_threshold: {
      anyOf: [{ maximum: 1, minimum: 0, type: 'number' }, { type: 'null' }],
      default: null,
      title: 'Ess Threshold',
    },
    lookahead: { default: false, title: 'Lookahead', type: 'boolean' },
    width: { exclusiveMinimum: 0, exclusiveMaximum: 9, title: 'Width', type: 'integer' },
  },
}

const fields = fieldsOf(particles)
const byName = (name: string) => fields.find((field) => field.name === name)!

describe('a form drawn from a strategy’s schema', () => {
  it('keeps the author’s order and defaults', () => {
    expect(fields.map((field) => field.name)).toEqual([
      'particles',
      'temperature',
      'scheme',
      'ess_threshold',
      'lookahead',
      'width',
    ])
    expect(defaultsOf(fields)).toEqual({
      particles: 8,
      temperature: 1,
      scheme: 'systematic',
      ess_threshold: null,
      lookahead: false,
      width: null,
    })
  })

  it('follows references and optional types', () => {
    expect(byName('scheme')).toMatchObject({ kind: 'choice', choices: ['multinomial', 'systematic'] })
    expect(byName('ess_threshold')).toMatchObject({ kind: 'number', nullable: true, min: 0, max: 1, step: 0.05 })
    expect(byName('ess_threshold').title).toBe('Ess threshold')
  })

  it('says a range in words', () => {
    expect(rangeOf(byName('particles'))).toBe('1 to 256')
    expect(rangeOf(byName('temperature'))).toBe('more than 0')
    expect(rangeOf(byName('width'))).toBe('1 to 8')
    expect(rangeOf({ ...byName('particles'), unit: 'tokens' })).toBe('1 to 256 tokens')
  })

  it('finds the mistakes the server would find', () => {
    expect(mistakeIn(byName('particles'), 0)).toBe('Must be 1 to 256.')
    expect(mistakeIn(byName('particles'), 2.5)).toBe('Needs a whole number.')
    expect(mistakeIn(byName('temperature'), 0)).toBe('Must be more than 0.')
    expect(mistakeIn(byName('temperature'), 0.1)).toBeNull()
    expect(mistakeIn(byName('ess_threshold'), null)).toBeNull()
    expect(mistakeIn(byName('width'), null)).toBe('Needs a value.')
  })

  it('writes a list in JSON an entry a line, and says where it is none', () => {
    const schema = { properties: { mix: { type: 'string', format: 'json', default: '[{"n":8},{"n":4}]' } } }
    const [field] = fieldsOf(schema)
    expect(field).toMatchObject({ kind: 'json', default: '[\n  {"n":8},\n  {"n":4}\n]' })
    expect(mistakeIn(field as ParamField, field?.default)).toBeNull()
    expect(mistakeIn(field as ParamField, '[{"n":8},')).toMatch(/^Not JSON: /)
  })

  it('gives small numbers of a wide range their room on the slider', () => {
    const wide = byName('particles') // 1 to 256: log(1 + 7) / log(1 + 255) = 3 / 8
    expect(shareOf(wide, 8)).toBeCloseTo(0.375, 10)
    expect([0, 0.375, 1].map((share) => valueAt(wide, share))).toEqual([1, 8, 256])
    const narrow = byName('ess_threshold')
    expect(shareOf(narrow, 0.25)).toBe(0.25)
    expect(valueAt(narrow, 0.26)).toBe(0.25)
  })
})
