/** Errors of the API: RFC 9457 problem details, and what to say when not even those arrived. */
export interface FieldProblem {
  field: string
  message: string
  mend?: string
}

export interface ProblemDetail {
  type: string
  title: string
  status: number
  detail: string
  errors: FieldProblem[]
}

/** Thrown by every call of the client; `problem.status` is 0 when the server did not answer. */
export class ApiError extends Error {
  constructor(readonly problem: ProblemDetail) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
  }

  /** What is wrong with one field (`params.width`), or null. */
  fieldProblem(field: string): FieldProblem | null {
    return this.problem.errors.find((error) => error.field === field) ?? null
  }
}

export function unreachable(): ApiError {
  return new ApiError({
    type: 'about:blank',
    title: 'No connection to Espalier',
    status: 0,
    detail: 'Espalier did not answer. Nothing was changed; try again when the connection is back.',
    errors: [],
  })
}

/** Reads the problem out of a failed response, whatever its body turned out to be. */
export async function problemOf(response: Response): Promise<ApiError> {
  let body: Partial<ProblemDetail> = {}
  try {
    body = await response.json()
  } catch {
    // A proxy's HTML page, or nothing at all: the status still says something.
  }
  return new ApiError({
    type: body.type ?? 'about:blank',
    title: body.title ?? `The server answered ${response.status}`,
    status: response.status,
    detail: body.detail ?? `The request was not carried out (status ${response.status}).`,
    errors: body.errors ?? [],
  })
}

/** What is wrong with a field and how to mend it, as one sentence. */
export function sentenceAbout({ message, mend }: FieldProblem): string {
  const start = message.charAt(0).toUpperCase() + message.slice(1)
  const whole = mend ? `${start.replace(/[.:]$/, '')}: ${mend}` : start
  return /[.!?]$/.test(whole) ? whole : `${whole}.`
}

/** A sentence for a person, from anything that was thrown. */
export function sentenceOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
