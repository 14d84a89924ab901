/** Where paths to read come from: all paths of one run, or a queue. */

import { api } from '../api/client'
import type { Counts, Ending, QueueTask, ReadPath, Review } from './types'

/** One path on the desk. */
export interface Task {
  path: ReadPath
  /** The queue's item; null outside of queues. */
  item: string | null
}

export interface Desk {
  /** The next path; null when there is none left. */
  next(): Promise<Task | null>
  submit(task: Task, ending: Ending): Promise<void>
  /** Gives the path back unread; missing where that is not allowed. */
  skip?(task: Task): Promise<void>
  /** Says that somebody is still reading. */
  hold?(task: Task): Promise<void>
}

/** The paths of one run, from `first` on and round again. */
export class RunDesk implements Desk {
  private leaf: number | null | undefined

  constructor(
    private readonly run: string,
    first: number | null,
  ) {
    this.leaf = first ?? undefined
  }

  async next(): Promise<Task | null> {
    if (this.leaf === undefined) {
      this.leaf = (await api.get<{ leaf: number | null }>(`/runs/${this.run}/paths/next`)).leaf
    }
    if (this.leaf === null) return null
    return { path: await api.get<ReadPath>(`/runs/${this.run}/paths/${this.leaf}`), item: null }
  }

  async submit({ path }: Task, ending: Ending): Promise<void> {
    const answer = await api.post<{ review: Review; next: number | null }>(
      `/runs/${this.run}/paths/${path.leaf}/review`,
      ending,
    )
    this.leaf = answer.next
    const address = answer.next === null ? `/runs/${this.run}/label` : `/runs/${this.run}/label/${answer.next}`
    history.replaceState(null, '', address)
  }
}

/** A queue's paths, one locked after the other. */
export class QueueDesk implements Desk {
  readonly skip?: (task: Task) => Promise<void>

  constructor(
    private readonly queue: string,
    maySkip: boolean,
    private readonly counted: (counts: Counts) => void,
  ) {
    if (maySkip) this.skip = (task) => api.post(`${this.address(task)}/skip`)
  }

  async next(): Promise<Task | null> {
    const { item, path, counts } = await api.post<QueueTask>(`/queues/${this.queue}/take`)
    this.counted(counts)
    return item && path ? { path, item } : null
  }

  async submit(task: Task, ending: Ending): Promise<void> {
    await api.post(`${this.address(task)}/submit`, ending)
  }

  async hold(task: Task): Promise<void> {
    await api.post(`${this.address(task)}/hold`)
  }

  private address(task: Task): string {
    return `/queues/${this.queue}/items/${task.item}`
  }
}
