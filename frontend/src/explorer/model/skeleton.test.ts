/** A skeleton against the tree that folding the same journal gives, and what follows when events go on after it. */

import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { RunEvent } from './events'
import { fold } from './fold'
import { shapeOf, unpack } from './skeleton'
import { emptyTree, type Tree, type TreeNode } from './tree'

const journals = resolve(import.meta.dirname, '../../../../tests/fixtures/journals')
const names = readdirSync(journals)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => name.replace('.jsonl', ''))

function eventsOf(name: string): RunEvent[] {
  const lines = readFileSync(`${journals}/${name}.jsonl`, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter((record) => record.kind !== 'header')
}

function folded(events: RunEvent[], tree = emptyTree()): Tree {
  for (const event of events) fold(tree, event)
  return tree
}

const codes = {
  kind: [null, 'root', 'step', 'answer', 'plan', 'critique', 'revision', 'human'],
  status: [null, 'open', 'expanded', 'pruned', 'terminal', 'selected'],
  finish: [null, 'step', 'chunk', 'end', 'length', 'budget', 'aborted'],
  correct: [null, false, true],
  reachable: [null, false, true],
} as const

/** The bytes that the server sends for a tree (app/explorer/selectors/packed.py), made anew from its description. */
function packed(tree: Tree): ArrayBuffer {
  const columns: [string, string, Uint8Array][] = []
  const bytes = (size: number, write: (view: DataView, node: TreeNode, at: number) => void) => {
    const view = new DataView(new ArrayBuffer(size * tree.nodes.length))
    for (const node of tree.nodes) write(view, node, size * node.index)
    return new Uint8Array(view.buffer)
  }
  const json = (name: string, value: unknown) =>
    columns.push([name, 'json', new TextEncoder().encode(JSON.stringify(value))])
  const some = (name: string, pick: (node: TreeNode) => unknown[] | null) =>
    json(
      name,
      tree.nodes.flatMap((node) => {
        const values = pick(node)
        return values ? [[node.index, ...values]] : []
      }),
    )
  for (const [name, values] of Object.entries(codes)) {
    const code = (node: TreeNode) => (values as readonly unknown[]).indexOf(node[name as keyof TreeNode])
    columns.push([name, 'u1', bytes(1, (view, node, at) => view.setUint8(at, code(node)))])
  }
  for (const name of ['depth', 'tokens', 'visits', 'seq'] as const)
    columns.push([name, 'i4', bytes(4, (view, node, at) => view.setInt32(at, node[name]))])
  columns.push(['parent', 'i4', bytes(4, (view, node, at) => view.setInt32(at, node.parents[0] ?? -1))])
  for (const name of ['logprob', 'reward', 'value', 'weight', 'prior'] as const)
    columns.push([name, 'f4', bytes(4, (view, node, at) => view.setFloat32(at, node[name] ?? Number.NaN))])
  json(
    'text',
    tree.nodes.map((node) => node.text.slice(0, 120)),
  )
  some('cut', (node) => (node.text.length > 120 ? [node.text.length] : null))
  some('merged', (node) => (node.parents.length > 1 ? [node.parents] : null))
  some('by', (node) => (node.by ? [node.by] : null))
  some('answer', (node) => (node.answer === null ? null : [node.answer]))
  some('decision', (node) => (node.decision ? [node.decision.outcome, node.decision.rule] : null))
  const counters = { tokens: 0, prompt_tokens: 0, policy_calls: 0, reward_calls: 0, nodes: tree.nodes.length }
  const { finished } = tree
  const head = {
    as_of_seq: tree.seq, state: finished ? 'completed' : 'running', revision: finished?.revision ?? 0,
    count: tree.nodes.length, chosen: tree.chosen, stopped_by: finished?.stopped_by ?? null, cap: finished?.cap ?? null,
    answer: finished?.answer ?? null, correct: finished?.correct ?? null, counters, budget: {},
    columns: columns.map(([name, kind, { length }]) => [name, kind, length]),
  } // biome-ignore format: a row of facts
  const start = new TextEncoder().encode(JSON.stringify(head))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, start.length)
  const parts = [length, start, ...columns.map(([, , part]) => part)]
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole.buffer
}

/** What a skeleton leaves to the inspector, or keeps in fewer digits. */
function outline(tree: Tree) {
  const near = (value: number | null) => (value === null ? null : Number(value.toPrecision(5)))
  return tree.nodes.map((node) => ({
    ...node,
    key: '', rewards: {}, canonical: null, selection: null, partial: undefined,
    decision: node.decision && [node.decision.outcome, node.decision.rule],
    reward: near(node.reward), value: near(node.value), weight: near(node.weight), prior: near(node.prior),
    logprob: near(node.logprob),
    text: node.text.length > 120 ? `${node.text.slice(0, 120)}…` : node.text,
  })) // biome-ignore format: a row of facts
}

describe('a skeleton', () => {
  it.each(names)('of %s is the folded tree in outline', (name) => {
    const whole = folded(eventsOf(name))
    const { tree } = unpack(packed(whole))
    expect(outline(tree)).toEqual(outline(whole))
    expect([tree.seq, tree.chosen, tree.hopeful]).toEqual([whole.seq, whole.chosen, whole.hopeful])
    expect(tree.hope.cut).toEqual(tree.nodes.map((node) => whole.hope.cut[node.index] ?? false))
    expect(tree.best?.node).toBe(whole.best?.node)
  })

  it.each(names)('of the middle of %s goes on as if all had been folded', (name) => {
    const events = eventsOf(name)
    const middle = Math.floor(events.length / 2)
    const { tree } = unpack(packed(folded(events.slice(0, middle))))
    folded(events.slice(middle), tree)
    const whole = folded(events)
    // Decisions from before the middle are known in outline, later ones whole; so are the texts.
    expect(outline(tree)).toEqual(outline(whole))
    expect(tree.hopeful).toBe(whole.hopeful)
  })

  it('tells its shape before it is unpacked', () => {
    const tree = folded(eventsOf('beam_steered'))
    const { parents, depths } = shapeOf(packed(tree))
    expect([...parents]).toEqual(tree.nodes.map((node) => node.parents[0] ?? -1))
    expect([...depths]).toEqual(tree.nodes.map((node) => node.depth))
  })

  it('refuses bytes that are cut short', () => {
    const bytes = packed(folded(eventsOf(names[0] as string)))
    expect(() => unpack(bytes.slice(0, -1))).toThrow(RangeError)
  })
})
