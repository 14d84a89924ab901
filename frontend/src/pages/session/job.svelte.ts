/** A background job as a dialog follows it: started, asked about until it ends, cancelled. */
import { api } from '../../api/client'
import { sentenceOf } from '../../api/problem'

const POLL_MS = 400

interface Job {
  id: string
  state: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'
}

export class JobWatch<J extends Job> {
  job = $state<J | null>(null)
  trouble = $state('')
  sending = $state(false)
  working = $derived(this.job?.state === 'queued' || this.job?.state === 'running')
  ready = $derived(this.job?.state === 'completed')

  constructor(private readonly path: string) {}

  /** `send` asks the server for the job. */
  async start(send: () => Promise<J>): Promise<void> {
    this.job = null
    this.sending = true
    await this.attempt(send)
    this.sending = false
  }

  cancel(): Promise<void> {
    return this.attempt(() => api.post<J>(`${this.path}/${this.job?.id}/cancel`))
  }

  /** For an `$effect`: asks again and again while the job is under way. It goes on when the dialog is closed. */
  follow(open: boolean): (() => void) | undefined {
    if (!this.working || !open) return undefined
    const timer = setInterval(() => void this.attempt(() => api.get<J>(`${this.path}/${this.job?.id}`)), POLL_MS)
    return () => clearInterval(timer)
  }

  private async attempt(ask: () => Promise<J>): Promise<void> {
    try {
      this.job = await ask()
      this.trouble = ''
    } catch (thrown) {
      this.trouble = sentenceOf(thrown)
    }
  }
}
