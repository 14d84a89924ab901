/** Where a waiting run stands, and why it waits. */

import type { QueuePlace } from '../../api/types'
import { counted } from '../../design/numbers'
import { ordinal } from './numbers'

export function waiting(queue: QueuePlace | null): string {
  if (!queue) return 'Waiting for a worker to take it up.'
  const ahead = queue.ahead > 0 ? `: ${counted(queue.ahead, 'search', 'searches')} ahead` : ''
  const place = queue.position > 0 ? `${ordinal(queue.position)} in the queue${ahead}` : 'Next in the queue'
  return queue.reason ? `${place}; ${lowerFirst(queue.reason)}` : `${place}.`
}

function lowerFirst(text: string): string {
  const sentence = /[.!?]$/.test(text) ? text : `${text}.`
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}
