import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../api/problem'
import type { Desk, Task } from './desks'
import { Reading } from './reading.svelte'
import type { Ending, ReadPath } from './types'

function path(leaf: number, nodes: number[], siblings: number[] = []): ReadPath {
  const step = (node: number) => ({ node, text: `step ${node}`, label: null, rewards: null })
  const steps = nodes.map((node, place) => ({ ...step(node), siblings: place === 1 ? siblings.map(step) : [] }))
  return {
    run: 'r',
    session: 's',
    leaf,
    problem: 'p',
    reference: null,
    steps,
    preferences: [],
    cuts: [],
    review: null,
    tags: [],
  }
}

class PaperDesk implements Desk {
  readonly endings: Ending[] = []
  refusal: ApiError | null = null
  constructor(private readonly tasks: Task[]) {}

  async next(): Promise<Task | null> {
    return this.tasks.shift() ?? null
  }

  async submit(_: Task, ending: Ending): Promise<void> {
    if (this.refusal) throw this.refusal
    this.endings.push(ending)
  }
}

async function begun(...paths: ReadPath[]): Promise<{ reading: Reading; desk: PaperDesk }> {
  const desk = new PaperDesk(paths.map((one) => ({ path: one, item: null })))
  const reading = new Reading(desk, 'ann')
  await reading.next()
  return { reading, desk }
}

function press(reading: Reading, keys: string): void {
  for (const key of keys) reading.press(key)
}

beforeEach(() => {
  localStorage.clear()
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    if (address.endsWith('/preferences') || address.endsWith('/cuts'))
      return new Response(JSON.stringify({ items: [] }), { status: 200 })
    const { labels } = JSON.parse(String(init.body)) as { labels: object[] }
    const items = labels.map((label) => ({ ...label, at: 'now', source: 'human', model: '', by: 'ann' }))
    return new Response(JSON.stringify({ items }), { status: 200 })
  })
})
afterEach(() => vi.unstubAllGlobals())

describe('reading a path by keyboard', () => {
  it('goes on after a mark that lets the path go on, and stays on a bad step', async () => {
    const { reading } = await begun(path(3, [1, 2, 3]))
    press(reading, '3')
    expect(reading.node).toBe(2)
    press(reading, '2')
    expect(reading.node).toBe(3)
    press(reading, '1')
    expect(reading.node).toBe(3)
    expect([1, 2, 3].map((node) => reading.labels?.own(node)?.rating)).toEqual([1, 0, -1])
    press(reading, 'zz')
    expect(reading.node).toBe(2)
    expect([1, 2, 3].map((node) => reading.labels?.own(node)?.rating)).toEqual([1, null, null])
  })

  it('walks steps and the other ways, and marks where it stands', async () => {
    const { reading } = await begun(path(3, [1, 2, 3], [7, 8]))
    press(reading, 'jll')
    expect(reading.node).toBe(8)
    press(reading, '1h')
    expect(reading.node).toBe(7)
    expect(reading.labels?.own(8)?.rating).toBe(-1)
    press(reading, 'x') // the first error is on the other way: what comes before is good, the path itself is untouched
    expect([1, 7, 2, 3].map((node) => reading.labels?.own(node)?.rating)).toEqual([1, -1, undefined, undefined])
    press(reading, 'k')
    expect(reading.node).toBe(1)
  })

  it('prefers another way to the path’s own step, one key away, and undoes it with the marks', async () => {
    const { reading } = await begun(path(3, [1, 2, 3], [7, 8]))
    const said = () => reading.labels?.preferences.own(8, 2)
    press(reading, 'w') // on the path's own step there is nothing to compare
    expect(reading.other).toBeNull()
    press(reading, 'jllw')
    expect(said()).toBe('better')
    expect(reading.labels?.preferences.own(2, 8)).toBe('worse')
    press(reading, '3e')
    expect(said()).toBe('tie')
    press(reading, 'z')
    expect(said()).toBe('better')
    press(reading, 'z')
    expect(reading.labels?.own(8)?.rating).toBeNull()
    press(reading, 'w') // pressed again it is taken back
    expect(said()).toBeNull()
  })

  it('marks the parts of a divided step one by one, and two joined steps at once', async () => {
    const { reading } = await begun(path(3, [1, 2, 3]))
    const { labels } = reading
    labels?.cuts.divide(2, [5], 6, { rating: null, unsure: false }) // "step 2": before the number
    const numbers = () => reading.units.map((unit) => unit.number)
    expect(numbers()).toEqual(['1', '2a', '2b', '3'])
    expect(reading.units.map((unit) => unit.text)).toEqual(['step 1', 'step', '2', 'step 3'])
    press(reading, '33')
    expect([reading.unit?.number, labels?.cuts.of(2).parts.map((part) => part.rating)]).toEqual(['2b', [1, null]])
    press(reading, 'x') // the first error is the second part
    expect(labels?.cuts.of(2).parts.map((part) => part.rating)).toEqual([1, -1])
    press(reading, 'z')
    expect(labels?.cuts.of(2).parts.map((part) => part.rating)).toEqual([1, null])
    press(reading, 'jjm') // the last step goes on with the second part
    expect(numbers()).toEqual(['1', '2a', '2b–3'])
    expect([reading.node, reading.unit?.text]).toEqual([3, '2\nstep 3'])
    press(reading, 'z')
    expect(numbers()).toEqual(['1', '2a', '2b', '3'])
    press(reading, 'km') // two parts are one again
    expect(numbers()).toEqual(['1', '2', '3'])
  })

  it('submits what the clock has read, then brings the next path and at last none', async () => {
    const { reading, desk } = await begun(path(2, [1, 2]), path(4, [3, 4]))
    press(reading, '33')
    await reading.submit()
    expect(reading.task?.path.leaf).toBe(4)
    expect(desk.endings[0]?.outcome).toBeNull()
    expect(Object.keys(desk.endings[0]?.step_seconds ?? {})).toEqual(['1', '2'])
    await reading.submit('give_up')
    expect(desk.endings[1]?.outcome).toBe('give_up')
    expect(reading.finished).toBe(true)
    expect(reading.press('3')).toBe(false)
  })

  it('leads to the step that a refusal names', async () => {
    const { reading, desk } = await begun(path(3, [1, 2, 3]))
    const errors = [{ field: 'labels.2', message: 'step 3 is not marked' }]
    desk.refusal = new ApiError({ type: '', title: '', status: 422, detail: 'no', errors })
    await reading.submit()
    expect(reading.node).toBe(3)
    expect(reading.trouble).toBe('Step 3 is not marked.')
  })

  it('begins where the marks of an earlier path end', async () => {
    const shared = path(3, [1, 2, 3])
    const label = { rating: 1, unsure: false, tags: [], comment: '', at: 'then' }
    if (shared.steps[0]) shared.steps[0].label = label
    const { reading } = await begun(shared)
    expect(reading.node).toBe(2)
    expect(reading.labels?.own(1)?.rating).toBe(1)
  })
})
