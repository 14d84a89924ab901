/** The reducer against the journals that the Python reducer is checked on: every folded node, number for number. */

import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from './events'
import { fold } from './fold'
import { emptyTree, type Tree } from './tree'

const journals = resolve(import.meta.dirname, '../../../../tests/fixtures/journals')
const names = readdirSync(journals)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => name.replace('.jsonl', ''))

function eventsOf(name: string): RunEvent[] {
  const lines = readFileSync(`${journals}/${name}.jsonl`, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter((record) => record.kind !== 'header')
}

function folded(events: RunEvent[]): Tree {
  const tree = emptyTree()
  for (const event of events) fold(tree, event)
  return tree
}

describe('the reducer', () => {
  it('has journals to be checked on', () => {
    expect(names.length).toBeGreaterThanOrEqual(10)
  })

  it.each(names)('folds %s to the same tree as Python', (name) => {
    const expected = JSON.parse(readFileSync(`${journals}/${name}.tree.json`, 'utf8'))
    const tree = folded(eventsOf(name))
    expect(tree.nodes.length).toBe(expected.nodes.length)
    for (const [index, node] of tree.nodes.entries()) {
      const wanted = expected.nodes[index]
      for (const key of Object.keys(wanted)) {
        const own = node[key as keyof typeof node]
        if (key === 'decision' && wanted.decision !== null) expect(own).toMatchObject(wanted.decision)
        else expect(own, `node ${index}: ${key}`).toEqual(wanted[key])
      }
    }
    expect(tree.chosen).toEqual(expected.chosen)
    expect(tree.finished).toEqual(expected.finished)
    expect(tree.seq).toBe(expected.head_seq)
  })

  it.each(names)('folds %s without effect payloads, as the websocket sends them, to the same tree', (name) => {
    const events = eventsOf(name)
    const bare = events.map((event) =>
      ['generate', 'score', 'verify', 'deadline'].includes(event.kind) ? { ...event, payload: undefined } : event,
    )
    expect(folded(bare)).toEqual(folded(events))
  })

  it('keeps events of unknown kinds and goes on', () => {
    const tree = folded(eventsOf('unknown_kinds'))
    expect(tree.unknown.length).toBeGreaterThan(0)
    expect(tree.finished).not.toBeNull()
  })

  it('refuses an event about a node that is not there, and names it', () => {
    const tree = emptyTree()
    expect(() =>
      fold(tree, { seq: 1, kind: 'backed_up', at: '', payload: { path: [3], value: 1, rule: 'mean' } }),
    ).toThrow(/node 3/)
  })
})
