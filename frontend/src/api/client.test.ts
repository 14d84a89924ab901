import { afterEach, describe, expect, it, vi } from 'vitest'
import { api } from './client'
import { ApiError, sentenceAbout, sentenceOf } from './problem'

function answer(status: number, body: unknown): void {
  vi.stubGlobal(
    'fetch',
    vi.fn(async () => new Response(body === undefined ? null : JSON.stringify(body), { status })),
  )
}

const sent = () => vi.mocked(fetch).mock.calls[0]!

describe('the API client', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    document.head.replaceChildren()
  })

  it('leaves empty query values out', async () => {
    answer(200, { items: [], next: null })
    expect(await api.get('/sessions', { q: 'a b', after: null, limit: 20, tag: '' })).toEqual({ items: [], next: null })
    expect(sent()[0]).toBe('/api/v1/sessions?q=a+b&limit=20')
  })

  it('sends the CSRF token with every write and never with a read', async () => {
    const meta = document.createElement('meta')
    meta.name = 'csrf-token'
    meta.content = 'secret'
    document.head.append(meta)
    answer(201, { id: 's' })
    await api.post('/sessions', { title: 'T' })
    expect(sent()[1]).toMatchObject({ method: 'POST', body: '{"title":"T"}' })
    expect((sent()[1]!.headers as Record<string, string>)['X-CSRFToken']).toBe('secret')
    answer(200, {})
    await api.get('/health')
    expect(sent()[1]!.headers).not.toHaveProperty('X-CSRFToken')
  })

  it('answers nothing for 204', async () => {
    answer(204, undefined)
    expect(await api.delete('/sessions/s')).toBeUndefined()
  })

  it('throws the problem with its fields', async () => {
    const problem = {
      type: '/problems/invalid-input',
      title: 'Some fields are not valid.',
      status: 422,
      detail: 'params.width: must be at least 1',
      errors: [{ field: 'params.width', message: 'must be at least 1', mend: 'try 4' }],
    }
    answer(422, problem)
    const thrown = await api.post('/sessions/s/runs', {}).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(ApiError)
    expect((thrown as ApiError).fieldProblem('params.width')).toEqual(problem.errors[0])
    expect((thrown as ApiError).fieldProblem('seed')).toBeNull()
    expect(sentenceOf(thrown)).toBe('params.width: must be at least 1')
    expect(sentenceAbout(problem.errors[0]!)).toBe('Must be at least 1: try 4.')
  })

  it('says what happened when the body is no problem document', async () => {
    vi.stubGlobal('fetch', async () => new Response('<h1>Bad gateway</h1>', { status: 502 }))
    const thrown = await api.get('/health').catch((error: unknown) => error)
    expect((thrown as ApiError).problem.status).toBe(502)
    expect(sentenceOf(thrown)).toContain('502')
  })

  it('says that nothing was changed when nobody answers', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch')
    })
    const thrown = await api.post('/sessions', {}).catch((error: unknown) => error)
    expect((thrown as ApiError).problem.status).toBe(0)
    expect(sentenceOf(thrown)).toContain('Nothing was changed')
  })
})
