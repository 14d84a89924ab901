/** Reading one path after the other: which step is looked at, what was said about it, and how the reading ended. */

import { ApiError, sentenceAbout, sentenceOf } from '../api/problem'
import { showToast } from '../design/toasts.svelte'
import type { Desk, Task } from './desks'
import { pressLabelKey } from './keys'
import { Labels } from './labels.svelte'
import { StepClock } from './step-clock'
import type { Ending, PathStep, ReadStep } from './types'

export class Reading {
  task = $state.raw<Task | null>(null)
  labels = $state.raw<Labels | null>(null)
  /** Which step of the path, and which of the ways there: 0 is the path's own. */
  place = $state(0)
  way = $state(0)
  referenceShown = $state(false)
  busy = $state(true)
  finished = $state(false)
  trouble = $state('')
  readonly steps: readonly PathStep[] = $derived(this.task?.path.steps ?? [])
  readonly ways: readonly ReadStep[] = $derived.by(() => {
    const step = this.steps[this.place]
    return step ? [step, ...step.siblings] : []
  })
  readonly node: number | null = $derived(this.ways[this.way]?.node ?? null)
  /** What another way is compared with: the path's own step. */
  readonly other: number | null = $derived(this.way === 0 ? null : (this.ways[0]?.node ?? null))
  /** The steps down to the one looked at, by the way that is looked at. */
  private readonly pathHere = $derived([
    ...this.steps.slice(0, this.place).map((step) => step.node),
    ...(this.node === null ? [] : [this.node]),
    ...(this.way === 0 ? this.steps.slice(this.place + 1).map((step) => step.node) : []),
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
    this.place = Math.max(0, Math.min(place, this.steps.length - 1))
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
    else if (key === 'l') this.go(this.place, Math.min(this.ways.length - 1, this.way + 1))
    else if (key === 'a') this.referenceShown = !this.referenceShown
    else if (key === 'g') void this.submit('give_up')
    else if (key === 'b') void this.submit('bad_problem')
    else if (key === 's' && this.desk.skip) void this.skip()
    else if (key === 'z') this.undo(labels)
    else if (pressLabelKey(key, labels, this.node, this.pathHere, this.other)) this.goOnAfter(key, labels)
    else return false
    return true
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
    const open = task.path.steps.findIndex((step) => {
      const label = labels.own(step.node)
      return !label || (label.rating === null && !label.unsure)
    })
    this.go(open < 0 ? 0 : open)
  }

  private undo(labels: Labels): void {
    const node = labels.undo()
    const place = this.steps.findIndex((step) => step.node === node || step.siblings.some((way) => way.node === node))
    if (place < 0) return
    const way = this.steps[place]?.siblings.findIndex((one) => one.node === node) ?? -1
    this.go(place, way + 1)
  }

  /** After a mark that lets the path go on, the next step comes up. */
  private goOnAfter(key: string, labels: Labels): void {
    const label = this.node === null ? undefined : labels.own(this.node)
    const goesOn = (key === '2' || key === '3' || key === 'u') && label && (label.rating !== null || label.unsure)
    if (goesOn && this.way === 0 && this.place < this.steps.length - 1) this.go(this.place + 1)
  }

  /** A refusal that names a step leads there. */
  private explain(thrown: unknown): void {
    const error = thrown instanceof ApiError ? thrown.problem.errors[0] : undefined
    const place = /^labels\.(\d+)$/.exec(error?.field ?? '')?.[1]
    if (place !== undefined) this.go(Number(place))
    this.trouble = error ? sentenceAbout(error) : sentenceOf(thrown)
    if (!error) showToast(this.trouble, 'error')
  }
}
