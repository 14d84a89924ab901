import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import Page from './Page.svelte'

const algorithms = [
  {
    name: 'beam',
    family: 'steps',
    title: 'Beam search',
    summary: 'Keeps the best.',
    paper: 'A paper',
    needs_reward: true,
    commands: { prune: 'Leaves the search.' },
    params: {
      properties: { width: { type: 'integer', default: 4, minimum: 1, maximum: 256, description: 'Beams kept.' } },
    },
  },
  {
    name: 'greedy',
    family: 'sampling',
    title: 'Greedy',
    summary: 'One path.',
    paper: '',
    needs_reward: false,
    commands: {},
    params: {},
  },
]
const model = { engine: 'e', default: true, domains: [], ready: true }
const models = [
  { ...model, slug: 'p', title: 'Policy', kind: 'policy', examples: ['3 5 7 11 -> 24', '(1 + 2) * 3'] },
  { ...model, slug: 'r', title: 'Reward', kind: 'reward', examples: [] },
]

interface Sent {
  method: string
  path: string
  body: Record<string, unknown> | undefined
}

let sent: Sent[]
let refusal: object | null
const refused: Record<string, string> = {}

/** The server as far as this page talks to it. */
async function server(url: string, init?: RequestInit): Promise<Response> {
  const path = url.replace('/api/v1', '')
  const method = init?.method ?? 'GET'
  const body = init?.body ? JSON.parse(String(init.body)) : undefined
  if (method !== 'GET') sent.push({ method, path, body })
  if (path === '/algorithms') return Response.json({ items: algorithms, next: null })
  if (path.startsWith('/algorithms?policy='))
    return Response.json({
      items: algorithms.map((one) => ({ ...one, refused: refused[one.name] ?? null })),
      next: null,
    })
  if (path === '/models') return Response.json({ items: models, next: null })
  if (path === '/sessions') return Response.json({ id: 's1', title: 'T' }, { status: 201 })
  if (method === 'DELETE') return new Response(null, { status: 204 })
  return refusal ? Response.json(refusal, { status: 422 }) : Response.json({ id: 'r1' }, { status: 201 })
}

async function shown() {
  render(Page, { session: null, like: null })
  const start = await screen.findByRole('button', { name: 'Start the search' })
  await waitFor(() => expect(start).not.toHaveProperty('disabled', true))
  return start
}

describe('the form of a new exploration', () => {
  const assign = vi.fn()

  beforeEach(() => {
    localStorage.clear()
    sent = []
    refusal = null
    assign.mockReset()
    vi.stubGlobal('fetch', vi.fn(server))
    vi.spyOn(window.location, 'assign').mockImplementation(assign)
  })

  afterEach(() => {
    cleanup()
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  it('starts a run with one click', async () => {
    await fireEvent.click(await shown())
    await waitFor(() => expect(assign).toHaveBeenCalledWith('/runs/r1'))
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /sessions', 'POST /sessions/s1/runs'])
    expect(sent[0]!.body).toEqual({ title: '3 5 7 11 -> 24' })
    expect(sent[1]!.body).toMatchObject({
      problem: { text: '3 5 7 11 -> 24' },
      algorithm: 'beam',
      params: { width: 4 },
      policy: 'p',
      reward: 'r',
    })
  })

  it('puts no example where somebody has begun to write', async () => {
    render(Page, { session: null, like: null })
    const field = screen.getByLabelText('Problem')
    field.focus()
    await screen.findByText('Keeps the best.')
    expect(field).toHaveProperty('value', '')
  })

  it('shows the server’s refusal at the field, and leaves no empty session behind', async () => {
    refusal = {
      type: '/problems/invalid-input',
      title: 'Some fields are not valid.',
      status: 422,
      detail: 'budget.tokens: too few',
      errors: [{ field: 'budget.tokens', message: 'is too little for one step', mend: 'at least 64' }],
    }
    await fireEvent.click(await shown())
    expect(await screen.findByText('Is too little for one step: at least 64.')).toBeTruthy()
    expect(screen.getByLabelText('Generated tokens').getAttribute('aria-invalid')).toBe('true')
    expect(screen.getByText('Nothing was started: see the marked fields.')).toBeTruthy()
    await waitFor(() => expect(sent.at(-1)).toMatchObject({ method: 'DELETE', path: '/sessions/s1' }))
    expect(assign).not.toHaveBeenCalled()
  })

  it('finds a mistake before asking, and takes it back on reset', async () => {
    const start = await shown()
    const width = screen.getByLabelText('Width')
    await fireEvent.input(width, { target: { value: '0' } })
    expect(await screen.findByText('Must be 1 to 256.')).toBeTruthy()
    expect(start).toHaveProperty('disabled', true)
    await fireEvent.click(screen.getByRole('button', { name: 'reset Width' }))
    await waitFor(() => expect(start).toHaveProperty('disabled', false))
    expect(width).toHaveProperty('value', '4')
  })

  it('lists strategies by family and finds them by any word of theirs', async () => {
    await shown()
    const families = within(screen.getByRole('radiogroup', { name: 'Strategy' })).getAllByRole('group')
    expect(families.map((family) => family.getAttribute('aria-label'))).toEqual(['Whole paths', 'Steps'])
    await fireEvent.input(screen.getByLabelText('Find a strategy'), { target: { value: 'one PATH' } })
    expect(screen.queryByRole('radio', { name: /Beam/ })).toBeNull()
    expect(screen.getByRole('radio', { name: /Greedy/ })).toBeTruthy()
    await fireEvent.input(screen.getByLabelText('Find a strategy'), { target: { value: 'nothing of the kind' } })
    expect(screen.getByText('No strategy speaks of that.')).toBeTruthy()
  })

  it('greys what the policy was not taught, and says why where it is chosen', async () => {
    refused.greedy = 'p was not taught that; choose another.'
    await shown()
    const greedy = await screen.findByRole('radio', { name: /Greedy.*not with this policy/ })
    expect(screen.queryByRole('radio', { name: /Beam.*not with/ })).toBeNull()
    await fireEvent.click(greedy)
    expect(screen.getByText(/p was not taught that; choose another\./)).toBeTruthy()
    delete refused.greedy
  })

  it('remembers what was chosen', async () => {
    await shown()
    await fireEvent.click(screen.getByRole('button', { name: '(1 + 2) * 3' }))
    await fireEvent.click(screen.getByRole('radio', { name: /Greedy/ }))
    cleanup()
    await shown()
    expect(screen.getByLabelText('Problem')).toHaveProperty('value', '(1 + 2) * 3')
    expect(screen.getByRole('radio', { name: /Greedy/ })).toHaveProperty('checked', true)
    expect(screen.getByText('This strategy has nothing to set.')).toBeTruthy()
  })

  it('asks for a reward model where the strategy needs one', async () => {
    const start = await shown()
    await fireEvent.change(screen.getByLabelText('Reward'), { target: { value: '-' } })
    expect(await screen.findByText('Beam search needs a reward model.')).toBeTruthy()
    expect(start).toHaveProperty('disabled', true)
    await fireEvent.click(screen.getByRole('radio', { name: /Greedy/ }))
    await waitFor(() => expect(screen.queryByText('Beam search needs a reward model.')).toBeNull())
  })
})
