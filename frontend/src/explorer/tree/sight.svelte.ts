/** What the person chose to see of a tree: its colours, what is dimmed or left out, and the places to come back to. */

import { pathTo, type Tree, type TreeNode } from '../model/tree'
import { type Colouring, classesOf, classOf, type LabelOf, type Scale, type Sorting, shareOf } from './colouring'

/** Nodes outside are dimmed: of a scale those beyond a range of 0 to 1, of words those of other classes. */
export type Filter = { from: number; to: number } | { classes: ReadonlySet<string> }

export class Sight {
  filter = $state.raw<Filter | null>(null)
  hidePruned = $state(false)
  /** Only the nodes from the root to this one are shown. */
  pathOnly = $state<number | null>(null)
  bookmarks = $state.raw<readonly number[]>([])
  private colour = $state<Colouring>('reward')

  constructor(private readonly run: string) {
    this.bookmarks = remembered(this.key)
  }

  get colouring(): Colouring {
    return this.colour
  }

  /** Another colouring begins unfiltered: a range of rewards means nothing among visits. */
  set colouring(colouring: Colouring) {
    if (colouring !== this.colour) this.filter = null
    this.colour = colouring
  }

  /** Whether anything but folds and the hoisted subtree keeps nodes from being shown as they are. */
  get narrowed(): boolean {
    return this.filter !== null || this.hidePruned || this.pathOnly !== null
  }

  showAll(): void {
    this.filter = null
    this.hidePruned = false
    this.pathOnly = null
  }

  setRange(from: number, to: number): void {
    this.filter = from <= 0 && to >= 1 ? null : { from: Math.min(from, to), to: Math.max(from, to) }
  }

  /** Dims a class, or brings it back; the last one that is left cannot be dimmed. */
  toggleClass(name: string): void {
    const all = (classesOf(this.colour) ?? []).map((one) => one.name)
    const shown = new Set(this.filter && 'classes' in this.filter ? this.filter.classes : all)
    if (!shown.delete(name)) shown.add(name)
    if (shown.size) this.filter = shown.size === all.length ? null : { classes: shown }
  }

  toggleBookmark(node: number): void {
    const { bookmarks } = this
    this.bookmarks = bookmarks.includes(node) ? bookmarks.filter((one) => one !== node) : [...bookmarks, node]
    try {
      if (this.bookmarks.length) localStorage.setItem(this.key, JSON.stringify(this.bookmarks))
      else localStorage.removeItem(this.key)
    } catch {
      // Without storage bookmarks last as long as the page.
    }
  }

  /** Which nodes of the tree shown now are left out; null when none is. A new function whenever the choice changes. */
  hider(tree: () => Tree): ((node: number) => boolean) | null {
    const { hidePruned, pathOnly } = this
    const path = pathOnly === null ? null : new Set(pathTo(tree(), pathOnly))
    if (path) return (index) => !path.has(index)
    return hidePruned ? (index) => tree().hope.cut[index] ?? false : null
  }

  /** Which nodes the legend's filter dims; null when none is. */
  dimmer(tree: () => Tree, labelOf: LabelOf): ((node: number) => boolean) | null {
    const { filter, colour } = this
    if (!filter) return null
    const at = (index: number) => tree().nodes[index] as TreeNode
    if ('classes' in filter) return (index) => !filter.classes.has(classOf(at(index), colour as Sorting, labelOf))
    return (index) => {
      const share = shareOf(at(index), tree(), colour as Scale)
      return share === null || share < filter.from || share > filter.to
    }
  }

  private get key(): string {
    return `espalier.bookmarks.${this.run}`
  }
}

function remembered(key: string): number[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(found) ? found.filter((one): one is number => Number.isInteger(one)) : []
  } catch {
    return []
  }
}
