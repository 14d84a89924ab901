import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Labels } from './labels.svelte'
import type { Preference } from './types'

interface Said {
  node: number
  other: number
  verdict: string | null
}

/** A server that keeps what it is sent, the older node first, and fails as often as `failing` says. */
function serve(failing = 0): Said[][] {
  const sent: Said[][] = []
  let failures = failing
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    if (failures-- > 0) throw new TypeError('no network')
    const { preferences } = JSON.parse(String(init.body)) as { preferences: Said[] }
    sent.push(preferences)
    const items = preferences.map(({ node, other, verdict }) => {
      const older = { better: 'first', worse: 'second', tie: 'tie', unsure: 'unsure' }[verdict ?? '']
      const younger = { better: 'second', worse: 'first', tie: 'tie', unsure: 'unsure' }[verdict ?? '']
      const first = Math.min(node, other)
      const second = Math.max(node, other)
      return kept(first, second, (first === node ? older : younger) ?? null, 'ann')
    })
    return new Response(JSON.stringify({ items }), { status: 200 })
  })
  return sent
}

function kept(first: number, second: number, verdict: string | null, by: string): Preference {
  return { first, second, verdict: verdict as Preference['verdict'], at: 'now', source: 'human', model: '', by }
}

beforeEach(() => localStorage.clear())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('preferences between siblings', () => {
  it('are seen from both sides, before and after the server has them', async () => {
    const sent = serve()
    const { preferences } = new Labels('r', 'ann', true)
    preferences.press(9, 4, 'better')
    expect([preferences.own(9, 4), preferences.own(4, 9), preferences.waiting]).toEqual(['better', 'worse', 1])
    await preferences.send()
    expect(sent).toEqual([[{ node: 9, other: 4, verdict: 'better' }]])
    expect([preferences.own(9, 4), preferences.own(4, 9), preferences.waiting]).toEqual(['better', 'worse', 0])
    preferences.press(4, 9, 'worse') // the same said from the other side: taken back
    await preferences.send()
    expect([preferences.own(9, 4), sent[1]?.[0]?.verdict]).toEqual([null, null])
  })

  it('tells apart what others said', () => {
    serve()
    const { preferences } = new Labels('r', 'ann', true)
    preferences.take([kept(4, 9, 'first', 'bea'), kept(4, 9, 'tie', 'ann')])
    expect(preferences.own(9, 4)).toBe('tie')
    expect(preferences.others(9, 4)).toEqual([{ by: 'bea', verdict: 'worse' }])
  })

  it('wait in the browser for a server that is away, over a closed tab too', async () => {
    vi.useFakeTimers()
    serve(1)
    const labels = new Labels('r', 'ann', true)
    labels.preferences.press(9, 4, 'unsure')
    expect(await labels.settled()).toBe(false)
    labels.stop()
    const sent = serve()
    const again = new Labels('r', 'ann', true)
    expect(again.preferences.own(4, 9)).toBe('unsure')
    expect(await again.settled()).toBe(true)
    expect(sent.flat()).toEqual([{ node: 9, other: 4, verdict: 'unsure' }])
  })
})
