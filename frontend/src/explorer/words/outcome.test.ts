/** Sentences about how a run ended, and about what the page cannot draw. */

import { describe, expect, it } from 'vitest'
import { notUnderstood } from './outcome'

describe('notUnderstood', () => {
  it('names the kinds, three at most', () => {
    expect(notUnderstood([])).toBeNull()
    const one = notUnderstood([{ kind: 'grafted_twice' }])
    expect(one).toMatch(/^1 event of a kind that this page does not know \(grafted twice\): kept in the journal/)
    const kinds = ['a', 'b', 'b', 'c', 'd'].map((kind) => ({ kind }))
    expect(notUnderstood(kinds)).toContain('5 events of a kind that this page does not know (a, b, c and others)')
  })
})
