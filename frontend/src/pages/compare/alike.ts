/**
 * Which nodes of several trees are the same step: those reached by the same texts from the root. Strategies differ in what
 * they expand and in which order, so numbers say nothing; texts do.
 */

import type { Tree } from '../../explorer/model/tree'

/** Gives equal paths of texts equal numbers, whatever tree they are in. */
class Paths {
  private readonly known = new Map<string, number>()

  of(parent: number, text: string): number {
    const name = `${parent} ${text}`
    const found = this.known.get(name)
    if (found !== undefined) return found
    this.known.set(name, this.known.size)
    return this.known.size - 1
  }
}

interface Known {
  nodes: Tree['nodes']
  path: number[]
  node: Map<number, number>
}

export class Alike {
  private readonly paths = new Paths()
  private readonly trees = new Map<number, Known>()

  /** The node of `into` that says the same as `node` of `from`; the nearest above it that does where none is that deep. */
  counterpart(
    trees: readonly Tree[],
    from: number,
    node: number,
    into: number,
  ): { node: number; exact: boolean } | null {
    const here = this.know(trees, from)
    const there = this.know(trees, into)
    let index: number | undefined = node
    while (index !== undefined) {
      const found = there.node.get(here.path[index] as number)
      if (found !== undefined) return { node: found, exact: index === node }
      index = here.nodes[index]?.parents[0]
    }
    return null
  }

  /** Extends what is known of a tree by the nodes added since; each node costs once. */
  private know(trees: readonly Tree[], place: number): Known {
    const { nodes } = trees[place] as Tree
    let known = this.trees.get(place)
    if (known?.nodes !== nodes) {
      known = { nodes, path: [], node: new Map() }
      this.trees.set(place, known)
    }
    for (let index = known.path.length; index < nodes.length; index += 1) {
      const node = nodes[index]
      const parent = node?.parents[0]
      const path = this.paths.of(parent === undefined ? -1 : (known.path[parent] as number), node?.text.trim() ?? '')
      known.path.push(path)
      if (!known.node.has(path)) known.node.set(path, index)
    }
    return known
  }
}
