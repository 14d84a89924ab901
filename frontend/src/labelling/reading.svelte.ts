/** Reading one path after the other: which step is looked at, what was said about it, and how the reading ended. */

import { ApiError, sentenceAbout, sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import type { Desk, Task } from './desks'
import { pressLabelKey } from './keys'
import { Labels } from './labels.svelte'
import { choices, pressed } from './ratings'
import { StepClock } from './step-clock'
import type { Ending, PathStep, ReadStep } from './types'
import { firstErrorAt, mark, markOf, type Unit, unitsOf } from './units'

export class Reading {
  task = $state.raw<Task | null>(null)
  labels = $state.raw<Labels | null>(null)
  /** Which unit of the path, and which of the ways there: 0 is the path's own. */
  place = $state(0)
  way = $state(0)
  referenceShown = $state(false)
  busy = $state(true)
  finished = $state(false)
  trouble = $state('')
  readonly steps: readonly PathStep[] = $derived(this.task?.path.steps ?? [])
  /** The steps as they are marked: some divided, some joined. */
  readonly units: readonly Unit[] = $derived(this.labels ? unitsOf(this.steps, this.labels.cuts) : [])
  readonly unit: Unit | undefined = $derived(this.units[Math.min(this.place, this.units.length - 1)])
  readonly siblings: readonly ReadStep[] = $derived(this.unit ? siblingsOf(this.unit) : [])
  readonly node: number | null = $derived(
    (this.way === 0 ? this.unit?.node : this.siblings[this.way - 1]?.node) ?? null,
  )
  /** What another way is compared with: the path's own step. */
  readonly other: number | null = $derived(this.way === 0 ? null : (this.unit?.steps[0]?.node ?? null))
  /** The steps down to the one looked at, by the way that is looked at. */
  private readonly pathHere = $derived([
    ...this.steps.slice(0, this.steps.indexOf(this.unit?.steps[0] as PathStep)).map((step) => step.node),
    ...(this.node === null ? [] : [this.node]),
  ])
  private clock = new StepClock()

  constructor(
    readonly desk: Desk,
    private readonly user: string,
  ) {}

  async next(): Promise<void> {
    this.busy = true
    this.trouble = ''
    try {
      const task = await this.desk.next()
      this.begin(task)
    } catch (thrown) {
      this.trouble = sentenceOf(thrown)
    } finally {
      this.busy = false
    }
  }

  go(place: number, way = 0): void {
    this.place = Math.max(0, Math.min(place, this.units.length - 1))
    this.way = way
    if (this.labels) this.labels.editing = null
    this.look()
  }

  /** The tab was left, or somebody is back. */
  look(present = !document.hidden): void {
    this.clock.look(present ? this.node : null)
  }

  /** A key about the reading; answers whether it meant something. */
  press(key: string): boolean {
    const { labels } = this
    if (!this.task || !labels) return false
    if (key === 'j') this.go(this.place + 1)
    else if (key === 'k') this.go(this.place - 1)
    else if (key === 'h') this.go(this.place, Math.max(0, this.way - 1))
    else if (key === 'l') this.go(this.place, Math.min(this.siblings.length, this.way + 1))
    else if (key === 'a') this.referenceShown = !this.referenceShown
    else if (key === 'g') void this.submit('give_up')
    else if (key === 'b') void this.submit('bad_problem')
    else if (key === 's' && this.desk.skip) void this.skip()
    else if (key === 'z') this.undo(labels)
    else if (this.unit && this.way === 0 && this.pressUnit(key, this.unit, labels)) this.goOnAfter(key, labels)
    else if (this.way > 0 && 'dm'.includes(key))
      return false // another way is cut where it is the path's own
    else return pressLabelKey(key, labels, this.node, this.pathHere, this.other)
    return true
  }

  /** A key about the path's own step, as it is cut. */
  private pressUnit(key: string, unit: Unit, labels: Labels): boolean {
    const choice = choices.find((one) => one.key === key)
    if (choice) mark(unit, pressed(choice, markOf(unit, labels)), labels)
    else if (key === 'x') firstErrorAt(this.units, this.place, labels)
    else if (key === 'm' && unit.part) labels.cuts.undivide(unit.node, unit.part)
    else if (key === 'm' && unit.node !== this.steps[0]?.node) {
      labels.cuts.toggleJoin(unit.node)
      this.find(unit.node)
    } else return false
    return true
  }

  /** Goes to where a node, or a part of it, is marked. */
  private find(node: number): void {
    const place = this.units.findIndex((unit) => unit.node === node || unit.steps.some((step) => step.node === node))
    if (place >= 0) this.go(place)
  }

  async submit(outcome: Ending['outcome'] = null): Promise<void> {
    const { task, labels } = this
    if (!task || !labels || this.busy) return
    this.busy = true
    this.trouble = ''
    try {
      if (!(await labels.settled())) {
        throw new Error('Some marks have not reached the server yet. They are kept here; submit again in a moment.')
      }
      await this.desk.submit(task, { outcome, ...this.clock.read() })
      this.begin(await this.desk.next())
    } catch (thrown) {
      this.explain(thrown)
    } finally {
      this.busy = false
    }
  }

  async skip(): Promise<void> {
    if (!this.task || this.busy || !this.desk.skip) return
    this.busy = true
    try {
      await this.desk.skip(this.task)
      this.begin(await this.desk.next())
    } catch (thrown) {
      this.explain(thrown)
    } finally {
      this.busy = false
    }
  }

  /** Says that somebody is still here; that the path is lost is better known now than at the end. */
  async hold(): Promise<void> {
    if (!this.task || this.busy) return
    try {
      await this.desk.hold?.(this.task)
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.problem.status === 409) this.explain(thrown)
    }
  }

  stop(): void {
    this.labels?.stop()
  }

  private begin(task: Task | null): void {
    this.labels?.stop()
    this.task = task
    this.finished = task === null
    this.referenceShown = false
    this.clock = new StepClock()
    if (!task) return
    const labels = new Labels(task.path.run, this.user, true)
    labels.take(task.path)
    this.labels = labels
    // Where the marks of an earlier path or of an earlier visit end.
    const open = this.units.findIndex((unit) => {
      const given = markOf(unit, labels)
      return !given || (given.rating === null && !given.unsure)
    })
    this.go(open < 0 ? 0 : open)
  }

  private undo(labels: Labels): void {
    const node = labels.undo()
    const beside = this.units.findIndex((unit) => siblingsOf(unit).some((way) => way.node === node))
    const unit = this.units[beside]
    if (unit) this.go(beside, siblingsOf(unit).findIndex((one) => one.node === node) + 1)
    else if (node !== null) this.find(node)
  }

  /** After a mark that lets the path go on, the next step comes up. */
  private goOnAfter(key: string, labels: Labels): void {
    const given = this.unit && markOf(this.unit, labels)
    const goesOn = (key === '2' || key === '3' || key === 'u') && given && (given.rating !== null || given.unsure)
    if (goesOn && this.place < this.units.length - 1) this.go(this.place + 1)
  }

  /** A refusal that names a step leads there. */
  private explain(thrown: unknown): void {
    const error = thrown instanceof ApiError ? thrown.problem.errors[0] : undefined
    const place = /^labels\.(\d+)$/.exec(error?.field ?? '')?.[1]
    if (place !== undefined) this.find(this.steps[Number(place)]?.node ?? 0)
    this.trouble = error ? sentenceAbout(error) : sentenceOf(thrown)
    if (!error) showToast(this.trouble, 'error')
  }
}

/** The other ways at the place where a unit begins. */
export function siblingsOf(unit: Unit): readonly ReadStep[] {
  return unit.part === null || unit.part === 0 || unit.steps.length > 1 ? (unit.steps[0]?.siblings ?? []) : []
}
