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
}

export interface ParamsSchema {
  properties?: Record<string, PropertySchema>
  required?: string[]
  $defs?: Record<string, PropertySchema>
}
