import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toasts } from '../design/toasts.svelte'
import { Labels } from './labels.svelte'

type Sent = { node: number; rating: number | null; unsure: boolean; tags: string[]; comment: string }[]

/** A server that keeps what it is sent; `answers` may hold refusals for the next requests. */
function serve(): { sent: Sent[]; fail: (status: number) => void } {
  const sent: Sent[] = []
  const failures: number[] = []
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    const failure = failures.shift()
    if (failure === 0) throw new TypeError('no network')
    if (failure)
      return new Response(JSON.stringify({ status: failure, detail: 'No.', errors: [] }), { status: failure })
    const { labels } = JSON.parse(String(init.body)) as { labels: Sent }
    sent.push(labels)
    const items = labels.map((label) => ({ ...label, at: 'now', source: 'human', model: '', by: 'ann' }))
    return new Response(JSON.stringify({ items }), { status: 200 })
  })
  return { sent, fail: (status) => failures.push(status) }
}

/** Node → rating of everything that is marked. */
function ratings(labels: Labels, nodes: number[]): (number | null | undefined)[] {
  return nodes.map((node) => labels.own(node)?.rating)
}

beforeEach(() => {
  localStorage.clear()
  toasts.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the labels of a run', () => {
  it('shows a mark at once and keeps it on the server', async () => {
    const { sent } = serve()
    const labels = new Labels('r', 'ann', true)
    labels.set(3, { rating: -1, unsure: false })
    expect(labels.own(3)?.rating).toBe(-1)
    expect(labels.waiting).toBe(1)
    expect(await labels.settled()).toBe(true)
    expect(sent).toEqual([[{ node: 3, rating: -1, unsure: false, tags: [], comment: '' }]])
    expect(labels.waiting).toBe(0)
  })

  it('keeps tags and comment when the mark changes', async () => {
    serve()
    const labels = new Labels('r', 'ann', true)
    labels.set(3, { comment: 'why' })
    labels.toggleTag(3, 'sub-goal')
    labels.set(3, { rating: 1 })
    await labels.settled()
    expect(labels.own(3)).toMatchObject({ rating: 1, tags: ['sub-goal'], comment: 'why' })
    labels.toggleTag(3, 'sub-goal')
    expect(labels.own(3)?.tags).toEqual([])
  })

  it('keeps what a server that is away has not heard, across a closed tab', async () => {
    vi.useFakeTimers()
    const { sent, fail } = serve()
    fail(0)
    const labels = new Labels('r', 'ann', true)
    labels.set(5, { rating: 1 })
    expect(await labels.settled()).toBe(false)
    expect(labels.own(5)?.rating).toBe(1)
    labels.stop()

    const again = new Labels('r', 'ann', true)
    expect(again.own(5)?.rating).toBe(1)
    expect(new Labels('r', 'bob', true).own(5)).toBeUndefined()
    expect(await again.settled()).toBe(true)
    expect(sent.flat().map(({ node }) => node)).toEqual([5])
    expect(new Labels('r', 'ann', true).waiting).toBe(0)
  })

  it('sends again by itself when the server is back', async () => {
    vi.useFakeTimers()
    const { sent, fail } = serve()
    fail(503)
    const labels = new Labels('r', 'ann', true)
    labels.set(5, { rating: 0 })
    await labels.settled()
    await vi.advanceTimersByTimeAsync(1500)
    expect(sent.length).toBe(1)
    expect(labels.waiting).toBe(0)
  })

  it('takes a refused mark back and says so', async () => {
    const { fail } = serve()
    fail(422)
    const labels = new Labels('r', 'ann', true)
    labels.set(5, { rating: 0 })
    await labels.settled()
    expect(labels.own(5)).toBeUndefined()
    expect(toasts.map((toast) => toast.text)).toEqual(['The mark was not kept. No.'])
  })

  it('first error here: good before, bad here, unmarked behind; one undo takes all of it back', async () => {
    serve()
    const labels = new Labels('r', 'ann', true)
    labels.set(1, { rating: 0 })
    labels.set(2, { rating: -1 })
    labels.set(4, { rating: 1 })
    labels.firstError([1, 2, 3, 4], 3)
    expect(ratings(labels, [1, 2, 3, 4])).toEqual([0, 1, -1, null])
    expect(labels.undo()).toBe(4)
    expect(ratings(labels, [1, 2, 3, 4])).toEqual([0, -1, null, 1])
    expect(labels.undo()).toBe(4)
    expect(labels.own(4)?.rating).toBeNull()
    expect(await labels.settled()).toBe(true)
  })

  it('changes nothing for somebody who may not label', () => {
    const { sent } = serve()
    const labels = new Labels('r', null, false)
    labels.set(1, { rating: 1 })
    expect(labels.own(1)).toBeUndefined()
    expect(sent).toEqual([])
  })
})
